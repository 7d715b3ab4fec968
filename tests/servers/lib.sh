# Shared by up, down and recert: where things live, certificates, starting and stopping.
#
# Every server instance has a directory $RUN/NAME with its certificate (cert.pem, key.pem), its
# configuration, its log, its process id (pid) and the tree that it serves (root). Packages and the
# Python environment are kept in $STATE/packages and $STATE/venv from one run to the next.
# shellcheck shell=bash

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
STATE=${FTPSH_SERVERS:-/tmp/ftpsh-servers}
RUN=$STATE/run
PACKAGES=$STATE/packages
TABLE=$STATE/servers.jsonl
HOST=127.0.0.1
USER_NAME=tester
# Whose files the virtual user's are. Every Debian has this one, and its home exists: vsftpd goes
# there before it goes to its root (nobody has no home).
OWNER=daemon
OWNER_UID=$(id -u "$OWNER")
OWNER_GID=$(id -g "$OWNER")
# Each instance owns this many ports: the first is its control port, the others are for data.
BLOCK=400
INSTANCES=(vsftpd vsftpd-implicit proftpd proftpd-tls12 proftpd-tls13 pure-ftpd pyftpdlib)
# `up more`: servers and configurations that the tests do without, for benches/servers.
MORE_INSTANCES=(vsftpd-localtime ftp-srv aioftp-implicit rclone-implicit pure-ftpd-plain
    stunnel-implicit haproxy proftpd-proxy)
# vsftpd finds its PAM service by name, in one place only.
PAM_SERVICE=ftpsh-$(printf %s "$STATE" | cksum | cut -d' ' -f1)

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$@"; exit 1; }

control_port() { cat "$RUN/$1/port"; }
first_data_port() { echo $(($(control_port "$1") + 1)); }
last_data_port() { echo $(($(control_port "$1") + BLOCK - 1)); }

# make_cert NAME: a new key and a self-signed certificate, valid for loopback.
make_cert() {
    local dir=$RUN/$1
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 30 -subj "/CN=localhost/O=ftpsh $1" \
        -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
        -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>"$dir/openssl.log"
    cat "$dir/key.pem" "$dir/cert.pem" >"$dir/both.pem"
    chmod 600 "$dir/key.pem" "$dir/both.pem"
}

# fingerprint NAME: SHA256: and unpadded base64 of the certificate's DER.
fingerprint() {
    printf 'SHA256:%s' "$(openssl x509 -in "$RUN/$1/cert.pem" -outform DER |
        openssl dgst -sha256 -binary | base64 | tr -d '=')"
}

# port_answers PORT: does something accept connections there?
port_answers() { (exec 3<>"/dev/tcp/$HOST/$1") 2>/dev/null; }

# until_true SECONDS COMMAND...: true as soon as the command is, false when the time is over.
until_true() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.05
    done
}

# is_running NAME: is the process of this instance alive, and still the one that was started?
is_running() {
    local pid
    pid=$(cat "$RUN/$1/pid" 2>/dev/null) && [ -n "$pid" ] || return 1
    case $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") in
    # Pure-FTPd and ProFTPD rename themselves.
    *"$RUN"* | *proftpd* | *pure-ftpd*) ;;
    *) return 1 ;;
    esac
}

# family PID: the process, and all that it has started: children, and what is in its session.
family() {
    local stat rest state parent session
    for stat in /proc/[0-9]*/stat; do
        # A process may end while it is looked at.
        { read -r rest <"$stat"; } 2>/dev/null || continue
        # The name in the middle may hold anything, parentheses too.
        read -r state parent _ session _ <<<"${rest##*) }"
        [ "$state" != Z ] || continue
        if [ "$parent" = "$1" ] || [ "$session" = "$1" ] || [ "${rest%% *}" = "$1" ]; then
            echo "${rest%% *}"
        fi
    done
}

no_family() { [ -z "$(family "$1")" ]; }

# signal_family SIGNAL PID: to all of them.
signal_family() {
    local pid
    for pid in $(family "$2"); do
        kill "-$1" "$pid" 2>/dev/null || true
    done
}

# stop_instance NAME: ends what `start_instance` started, sessions included.
stop_instance() {
    local name=$1 pid
    is_running "$name" || return 0
    pid=$(cat "$RUN/$name/pid")
    signal_family TERM "$pid"
    until_true 3 no_family "$pid" || signal_family KILL "$pid"
    until_true 3 no_family "$pid" || die "$name does not stop (process $pid)"
    rm -f "$RUN/$name/pid"
}

# start_instance NAME: configures and starts it, and returns when its port answers.
start_instance() {
    local name=$1 port
    port=$(control_port "$name")
    : >>"$RUN/$name/log"
    case $name in
    vsftpd*) start_vsftpd "$name" ;;
    proftpd-proxy) start_proftpd_proxy "$name" ;;
    proftpd*) start_proftpd "$name" ;;
    pure-ftpd*) start_pure_ftpd "$name" ;;
    pyftpdlib) start_pyftpdlib "$name" ;;
    ftp-srv) start_ftp_srv "$name" ;;
    aioftp-implicit) start_aioftp "$name" ;;
    rclone-implicit) start_rclone "$name" ;;
    stunnel-implicit) start_stunnel "$name" ;;
    haproxy) start_haproxy "$name" ;;
    *) die "no such server: $name" ;;
    esac
    until_true 15 port_answers "$port" || die "$name does not answer on port $port: see $RUN/$name"
    until_true 5 is_running "$name" || die "$name answers on port $port, but not from its process"
}

# mode NAME: explicit or implicit.
mode() { case $1 in *-implicit) echo implicit ;; *) echo explicit ;; esac; }

# features NAME: what the tests may ask of it, as JSON strings.
features() {
    case $1 in
    # vsftpd lists with LIST only and takes no hash.
    vsftpd*) echo '"reuse-required","tls1.2","tls1.3","size","mdtm","chmod"' ;;
    proftpd-tls12) echo '"reuse-required","tls1.2","mlsd","size","mdtm","mfmt","chmod"' ;;
    proftpd-tls13) echo '"reuse-required","tls1.3","mlsd","size","mdtm","mfmt","chmod"' ;;
    proftpd) echo '"reuse-required","tls1.2","tls1.3","mlsd","size","mdtm","mfmt","chmod"' ;;
    pure-ftpd) echo '"tls1.2","tls1.3","mlsd","size","mdtm","mfmt","chmod"' ;;
    pyftpdlib) echo '"tls1.2","tls1.3","mlsd","size","mdtm","mfmt","chmod"' ;;
    # No test asks.
    *) ;;
    esac
}

# write_table: one JSON object a line for each instance.
write_table() {
    local name
    for name in "${INSTANCES[@]}" "${MORE_INSTANCES[@]}"; do
        # Without TLS ftpsh has no use for it.
        if [ "$name" = pure-ftpd-plain ] || ! is_running "$name"; then continue; fi
        printf '{"name":"%s","host":"%s","port":%d,"mode":"%s","user":"%s","password":"%s",' \
            "$name" "$HOST" "$(control_port "$name")" "$(mode "$name")" "$USER_NAME" "$PASSWORD"
        printf '"root":"%s","cert_sha256":"%s","features":[%s],"log":"%s"}\n' \
            "$RUN/$name/root" "$(fingerprint "$name")" "$(features "$name")" "$RUN/$name/log"
    done >"$TABLE.new"
    mv "$TABLE.new" "$TABLE"
}
