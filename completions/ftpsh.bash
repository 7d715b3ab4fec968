# Completion of ftpsh for bash. Written by `ftpsh completions bash`.

# What can follow at a place: sets options, subcommands, positionals, and for the word $1 there
# values (if it is an option with a value) or child (if it is a subcommand).
_ftpsh_table() {
    options='' subcommands='' values='' child=''
    positionals=()
    case $node in
        'ftpsh')
            options='-c --command -f --file -e --execute -k --keep-going -u --user -p --port --password-file --password-command --password-env --env-password --trust --fingerprint --insecure --set --json --norc --rcfile --log-file -q --quiet -v --verbose -d --color -h --help -V --version'
            subcommands='trust doctor check demo completions man'
            positionals=('targets')
            case $1 in
                -c | --command) values='unknown' ;;
                -f | --file) values='files' ;;
                -e | --execute) values='unknown' ;;
                -u | --user) values='unknown' ;;
                -p | --port) values='unknown' ;;
                --password-file) values='files' ;;
                --password-command) values='programs' ;;
                --password-env) values='variables' ;;
                --trust) values='words ask accept-new strict' ;;
                --fingerprint) values='unknown' ;;
                --set) values='settings' ;;
                --rcfile) values='files' ;;
                --log-file) values='files' ;;
                --color) values='words auto always never' ;;
            esac
            case $1 in
                trust) child='ftpsh trust' ;;
                doctor) child='ftpsh doctor' ;;
                check) child='ftpsh check' ;;
                demo) child='ftpsh demo' ;;
                completions) child='ftpsh completions' ;;
                man) child='ftpsh man' ;;
            esac
            ;;
        'ftpsh trust')
            options='-u --user --password-file --password-command --password-env --env-password --trust --fingerprint --insecure --set --json --norc --rcfile --log-file -q --quiet -v --verbose -d --color -h --help'
            subcommands='list ls show add remove rm scan export import'
            case $1 in
                -u | --user) values='unknown' ;;
                --password-file) values='files' ;;
                --password-command) values='programs' ;;
                --password-env) values='variables' ;;
                --trust) values='words ask accept-new strict' ;;
                --fingerprint) values='unknown' ;;
                --set) values='settings' ;;
                --rcfile) values='files' ;;
                --log-file) values='files' ;;
                --color) values='words auto always never' ;;
            esac
            case $1 in
                list | ls) child='ftpsh trust list' ;;
                show) child='ftpsh trust show' ;;
                add) child='ftpsh trust add' ;;
                remove | rm) child='ftpsh trust remove' ;;
                scan) child='ftpsh trust scan' ;;
                export) child='ftpsh trust export' ;;
                import) child='ftpsh trust import' ;;
            esac
            ;;
        'ftpsh trust list')
            options='-u --user --password-file --password-command --password-env --env-password --trust --fingerprint --insecure --set --json --norc --rcfile --log-file -q --quiet -v --verbose -d --color -h --help'
            case $1 in
                -u | --user) values='unknown' ;;
                --password-file) values='files' ;;
                --password-command) values='programs' ;;
                --password-env) values='variables' ;;
                --trust) values='words ask accept-new strict' ;;
                --fingerprint) values='unknown' ;;
                --set) values='settings' ;;
                --rcfile) values='files' ;;
                --log-file) values='files' ;;
                --color) values='words auto always never' ;;
            esac
            ;;
        'ftpsh trust show')
            options='-u --user --password-file --password-command --password-env --env-password --trust --fingerprint --insecure --set --json --norc --rcfile --log-file -q --quiet -v --verbose -d --color -h --help'
            positionals=('servers')
            case $1 in
                -u | --user) values='unknown' ;;
                --password-file) values='files' ;;
                --password-command) values='programs' ;;
                --password-env) values='variables' ;;
                --trust) values='words ask accept-new strict' ;;
                --fingerprint) values='unknown' ;;
                --set) values='settings' ;;
                --rcfile) values='files' ;;
                --log-file) values='files' ;;
                --color) values='words auto always never' ;;
            esac
            ;;
        'ftpsh trust add')
            options='--implicit -u --user --password-file --password-command --password-env --env-password --trust --fingerprint --insecure --set --json --norc --rcfile --log-file -q --quiet -v --verbose -d --color -h --help'
            positionals=('servers' 'unknown')
            case $1 in
                -u | --user) values='unknown' ;;
                --password-file) values='files' ;;
                --password-command) values='programs' ;;
                --password-env) values='variables' ;;
                --trust) values='words ask accept-new strict' ;;
                --fingerprint) values='unknown' ;;
                --set) values='settings' ;;
                --rcfile) values='files' ;;
                --log-file) values='files' ;;
                --color) values='words auto always never' ;;
            esac
            ;;
        'ftpsh trust remove')
            options='-u --user --password-file --password-command --password-env --env-password --trust --fingerprint --insecure --set --json --norc --rcfile --log-file -q --quiet -v --verbose -d --color -h --help'
            positionals=('servers' '...')
            case $1 in
                -u | --user) values='unknown' ;;
                --password-file) values='files' ;;
                --password-command) values='programs' ;;
                --password-env) values='variables' ;;
                --trust) values='words ask accept-new strict' ;;
                --fingerprint) values='unknown' ;;
                --set) values='settings' ;;
                --rcfile) values='files' ;;
                --log-file) values='files' ;;
                --color) values='words auto always never' ;;
            esac
            ;;
        'ftpsh trust scan')
            options='--implicit -u --user --password-file --password-command --password-env --env-password --trust --fingerprint --insecure --set --json --norc --rcfile --log-file -q --quiet -v --verbose -d --color -h --help'
            positionals=('servers' '...')
            case $1 in
                -u | --user) values='unknown' ;;
                --password-file) values='files' ;;
                --password-command) values='programs' ;;
                --password-env) values='variables' ;;
                --trust) values='words ask accept-new strict' ;;
                --fingerprint) values='unknown' ;;
                --set) values='settings' ;;
                --rcfile) values='files' ;;
                --log-file) values='files' ;;
                --color) values='words auto always never' ;;
            esac
            ;;
        'ftpsh trust export')
            options='-u --user --password-file --password-command --password-env --env-password --trust --fingerprint --insecure --set --json --norc --rcfile --log-file -q --quiet -v --verbose -d --color -h --help'
            positionals=('files')
            case $1 in
                -u | --user) values='unknown' ;;
                --password-file) values='files' ;;
                --password-command) values='programs' ;;
                --password-env) values='variables' ;;
                --trust) values='words ask accept-new strict' ;;
                --fingerprint) values='unknown' ;;
                --set) values='settings' ;;
                --rcfile) values='files' ;;
                --log-file) values='files' ;;
                --color) values='words auto always never' ;;
            esac
            ;;
        'ftpsh trust import')
            options='-u --user --password-file --password-command --password-env --env-password --trust --fingerprint --insecure --set --json --norc --rcfile --log-file -q --quiet -v --verbose -d --color -h --help'
            positionals=('files')
            case $1 in
                -u | --user) values='unknown' ;;
                --password-file) values='files' ;;
                --password-command) values='programs' ;;
                --password-env) values='variables' ;;
                --trust) values='words ask accept-new strict' ;;
                --fingerprint) values='unknown' ;;
                --set) values='settings' ;;
                --rcfile) values='files' ;;
                --log-file) values='files' ;;
                --color) values='words auto always never' ;;
            esac
            ;;
        'ftpsh doctor')
            options='-w --write -u --user --password-file --password-command --password-env --env-password --trust --fingerprint --insecure --set --json --norc --rcfile --log-file -q --quiet -v --verbose -d --color -h --help'
            positionals=('targets')
            case $1 in
                -u | --user) values='unknown' ;;
                --password-file) values='files' ;;
                --password-command) values='programs' ;;
                --password-env) values='variables' ;;
                --trust) values='words ask accept-new strict' ;;
                --fingerprint) values='unknown' ;;
                --set) values='settings' ;;
                --rcfile) values='files' ;;
                --log-file) values='files' ;;
                --color) values='words auto always never' ;;
            esac
            ;;
        'ftpsh check')
            options='-u --user --password-file --password-command --password-env --env-password --trust --fingerprint --insecure --set --json --norc --rcfile --log-file -q --quiet -v --verbose -d --color -h --help'
            positionals=('files' '...')
            case $1 in
                -u | --user) values='unknown' ;;
                --password-file) values='files' ;;
                --password-command) values='programs' ;;
                --password-env) values='variables' ;;
                --trust) values='words ask accept-new strict' ;;
                --fingerprint) values='unknown' ;;
                --set) values='settings' ;;
                --rcfile) values='files' ;;
                --log-file) values='files' ;;
                --color) values='words auto always never' ;;
            esac
            ;;
        'ftpsh demo')
            options='-u --user --password-file --password-command --password-env --env-password --trust --fingerprint --insecure --set --json --norc --rcfile --log-file -q --quiet -v --verbose -d --color -h --help'
            case $1 in
                -u | --user) values='unknown' ;;
                --password-file) values='files' ;;
                --password-command) values='programs' ;;
                --password-env) values='variables' ;;
                --trust) values='words ask accept-new strict' ;;
                --fingerprint) values='unknown' ;;
                --set) values='settings' ;;
                --rcfile) values='files' ;;
                --log-file) values='files' ;;
                --color) values='words auto always never' ;;
            esac
            ;;
        'ftpsh completions')
            options='-u --user --password-file --password-command --password-env --env-password --trust --fingerprint --insecure --set --json --norc --rcfile --log-file -q --quiet -v --verbose -d --color -h --help'
            positionals=('words bash zsh fish')
            case $1 in
                -u | --user) values='unknown' ;;
                --password-file) values='files' ;;
                --password-command) values='programs' ;;
                --password-env) values='variables' ;;
                --trust) values='words ask accept-new strict' ;;
                --fingerprint) values='unknown' ;;
                --set) values='settings' ;;
                --rcfile) values='files' ;;
                --log-file) values='files' ;;
                --color) values='words auto always never' ;;
            esac
            ;;
        'ftpsh man')
            options='-u --user --password-file --password-command --password-env --env-password --trust --fingerprint --insecure --set --json --norc --rcfile --log-file -q --quiet -v --verbose -d --color -h --help'
            case $1 in
                -u | --user) values='unknown' ;;
                --password-file) values='files' ;;
                --password-command) values='programs' ;;
                --password-env) values='variables' ;;
                --trust) values='words ask accept-new strict' ;;
                --fingerprint) values='unknown' ;;
                --set) values='settings' ;;
                --rcfile) values='files' ;;
                --log-file) values='files' ;;
                --color) values='words auto always never' ;;
            esac
            ;;
    esac
}

# The words up to the cursor, in words and cword, joined where only bash's COMP_WORDBREAKS split.
_ftpsh_words() {
    local line=${COMP_LINE:0:COMP_POINT} word i
    words=() cword=-1
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i == 0)) || [[ $line == [[:blank:]]* ]]; then
            line=${line#"${line%%[![:blank:]]*}"}
            cword=$((cword + 1))
            words[cword]=''
        fi
        # What stands after the cursor does not count.
        ((i < COMP_CWORD)) || word=$line
        words[cword]+=$word
        line=${line#"$word"}
    done
}

# Adds to COMPREPLY what the kind of values $1 offers for the word $2, with $3 before each.
_ftpsh_candidates() {
    local reply word=$2
    case $1 in
        files | directories)
            # As it was typed, without quotes.
            word=${word#[\"\']}
            word=${word//\\/}
            compopt -o filenames 2>/dev/null
            ;;
    esac
    while IFS= read -r reply; do
        [[ -n $reply ]] && COMPREPLY+=("$3$reply")
    done < <(
        case $1 in
            files) compgen -f -- "$word" ;;
            directories) compgen -d -- "$word" ;;
            programs) compgen -c -- "$word" ;;
            variables) compgen -A export -- "$word" ;;
            targets | servers | settings)
                "${program/#\~\//$HOME/}" __complete "$1" -- "$word" 2>/dev/null </dev/null
                ;;
            words*) compgen -W "${1#words}" -- "$word" ;;
        esac
    )
}

_ftpsh() {
    local program=$1 node=ftpsh taken=0 plain='' waiting='' i word cur head
    local words cword options subcommands values child positionals
    COMPREPLY=()
    _ftpsh_words
    cur=${words[cword]}
    for ((i = 1; i < cword; i++)); do
        word=${words[i]}
        if [[ -n $waiting ]]; then
            waiting=''
        elif [[ -z $plain && $word == -- ]]; then
            plain=1
        elif [[ -z $plain && $word == -?* ]]; then
            _ftpsh_table "$word"
            waiting=$values
        else
            _ftpsh_table "$word"
            # A subcommand is one only where nothing stands before it.
            if [[ -z $plain && $taken == 0 && -n $child ]]; then
                node=$child
            else
                taken=$((taken + 1))
            fi
        fi
    done

    _ftpsh_table ''
    if [[ -n $waiting ]]; then
        _ftpsh_candidates "$waiting" "$cur" ''
    elif [[ -z $plain && $cur == --*=* ]]; then
        head=${cur%%=*}
        _ftpsh_table "$head"
        [[ -n $values ]] && _ftpsh_candidates "$values" "${cur#*=}" "$head="
    elif [[ -z $plain && $cur == -* ]]; then
        _ftpsh_candidates "words $options" "$cur" ''
    else
        if [[ $taken == 0 && -z $plain ]]; then
            _ftpsh_candidates "words $subcommands" "$cur" ''
        fi
        # The last one may stand again and again.
        i=${#positionals[@]}
        if ((i > 1 && taken >= i - 1)) && [[ ${positionals[i - 1]} == ... ]]; then
            taken=$((i - 2))
        fi
        word=${positionals[taken]}
        [[ -n $word && $word != ... ]] && _ftpsh_candidates "$word" "$cur" ''
    fi

    # No blank after what goes on, such as `net:timeout=`.
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/] ]]; then
        compopt -o nospace 2>/dev/null
    fi
    # bash replaces only what stands after the last of its word breaks.
    head=''
    for ((i = 0; i < ${#cur}; i++)); do
        word=${cur:i:1}
        [[ $word == [:=@] && $COMP_WORDBREAKS == *"$word"* ]] && head=${cur:0:i+1}
    done
    for i in "${!COMPREPLY[@]}"; do
        COMPREPLY[i]=${COMPREPLY[i]#"$head"}
    done
}

complete -F _ftpsh ftpsh
