# An interactive zsh that says what the completion of ftpsh offers: <word> a line, between marks.
PS1='ready> '
unsetopt beep prompt_cr prompt_sp
autoload -U compinit
compinit -D -u
source $SCRIPT
compadd() {
    local -a hits options=("${(@)argv[1,(i)(-|--)]}")
    # With -O, -A or -D it only fills arrays.
    if (( ! $options[(I)-[OAD]*] )); then
        builtin compadd -A hits "$@"
        (( $#hits )) && printf '<%s>\n' "$IPREFIX${^hits[@]}" >$TTY
    fi
    builtin compadd "$@"
}
_probe() {
    print '<<begin>>' >$TTY
    _ftpsh "$@"
    print '<<end>>' >$TTY
}
compdef _probe ftpsh
