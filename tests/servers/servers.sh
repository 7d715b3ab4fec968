# How each of the four servers is configured and started. Needs lib.sh.
#
# They keep their defaults where a client can see them; changed are only the paths, ports and
# limits, TLS (required) and logging (every command line, so that tests can read what was sent).
# Each runs in a session of its own (setsid), so that all of its processes can be found and ended.
# All of them serve files as $OWNER to one virtual user: no system user is made.
# shellcheck shell=bash

start_vsftpd() {
    local name=$1 dir=$RUN/$1
    # The virtual user comes from a password file, by way of PAM.
    printf '%s:%s\n' "$USER_NAME" "$(openssl passwd -6 "$PASSWORD")" >"$dir/passwd"
    chmod 600 "$dir/passwd"
    mkdir -p "$dir/empty"
    {
        cat <<CONF
listen=YES
listen_address=$HOST
listen_port=$(control_port "$name")
background=NO
pasv_address=$HOST
pasv_min_port=$(first_data_port "$name")
pasv_max_port=$(last_data_port "$name")
max_clients=0
max_per_ip=${FTPSH_MAX_SESSIONS:-0}
max_login_fails=10
secure_chroot_dir=$dir/empty
pam_service_name=$PAM_SERVICE
anonymous_enable=NO
local_enable=YES
guest_enable=YES
guest_username=$OWNER
virtual_use_local_privs=YES
local_root=$dir/root
chroot_local_user=YES
allow_writeable_chroot=YES
write_enable=YES
local_umask=022
file_open_mode=0666
use_localtime=$([ "$name" = vsftpd-localtime ] && echo YES || echo NO)
ssl_enable=YES
implicit_ssl=$([ "$(mode "$name")" = implicit ] && echo YES || echo NO)
force_local_logins_ssl=YES
force_local_data_ssl=YES
ssl_ciphers=HIGH
rsa_cert_file=$dir/cert.pem
rsa_private_key_file=$dir/key.pem
log_ftp_protocol=YES
xferlog_enable=YES
xferlog_std_format=NO
vsftpd_log_file=$dir/log
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
CONF
    } >"$dir/vsftpd.conf"
    printf 'auth required %s pwdfile=%s\naccount required pam_permit.so\n' \
        "$(find "$PACKAGES" -name pam_pwdfile.so)" "$dir/passwd" >"/etc/pam.d/$PAM_SERVICE"
    # It reports a wrong configuration on its standard input.
    TZ=$([ "$name" = vsftpd-localtime ] && echo Asia/Kolkata || echo UTC) LD_LIBRARY_PATH=$LIBRARIES \
        setsid "$(find_program vsftpd)" "$dir/vsftpd.conf" 0<>"$dir/output" 1>&0 2>&0 &
    echo $! >"$dir/pid"
}

# run_proftpd NAME PROTOCOLS: with the directives on standard input besides what all instances have.
run_proftpd() {
    local name=$1 dir=$RUN/$1 protocols=$2
    {
        cat <<CONF
ModulePath $PACKAGES/usr/lib/proftpd
LoadModule mod_tls.c
ServerName "$name"
ServerType standalone
DefaultAddress $HOST
SocketBindTight on
Port $(control_port "$name")
PassivePorts $(first_data_port "$name") $(last_data_port "$name")
UseIPv6 off
UseReverseDNS off
User $OWNER
Group $OWNER
MaxInstances 100
PidFile $dir/pid
ScoreboardFile $dir/scoreboard
DelayEngine off
WtmpLog off
TransferLog none
SystemLog $dir/system.log
TLSEngine on
TLSRequired on
TLSLog $dir/tls.log
TLSProtocol $protocols
TLSECCertificateFile $dir/cert.pem
TLSECCertificateKeyFile $dir/key.pem
CONF
        cat
    } >"$dir/proftpd.conf"
    LD_LIBRARY_PATH=$LIBRARIES \
        "$PACKAGES/usr/sbin/proftpd" -c "$dir/proftpd.conf" >"$dir/output" 2>&1 ||
        die "$name: $(cat "$dir/output")"
}

start_proftpd() {
    local name=$1 dir=$RUN/$1 protocols
    case $name in
    *-tls12) protocols=TLSv1.2 ;;
    *-tls13) protocols=TLSv1.3 ;;
    *) protocols="TLSv1.2 TLSv1.3" ;;
    esac
    printf '%s:%s:%d:%d::%s:/bin/false\n' \
        "$USER_NAME" "$(openssl passwd -6 "$PASSWORD")" "$OWNER_UID" "$OWNER_GID" "$dir/root" >"$dir/passwd"
    chmod 600 "$dir/passwd"
    run_proftpd "$name" "$protocols" <<CONF
AuthOrder mod_auth_file.c
AuthUserFile $dir/passwd
RequireValidShell off
DefaultRoot ~
Umask 022
AllowOverwrite on
AllowStoreRestart on
AllowRetrieveRestart on
MaxClientsPerHost ${FTPSH_MAX_SESSIONS:-none}
MaxLoginAttempts 10
LogFormat commands "%P %r %s"
ExtendedLog $dir/log ALL commands
CONF
}

start_pure_ftpd() {
    local name=$1 dir=$RUN/$1 tls
    # TLS mode 2: no clear-text logins. (Mode 3 would refuse clear data connections as well.)
    case $name in
    *-plain) tls=0 ;;
    *) tls=2 ;;
    esac
    # It logs to syslog only: a preloaded syslog() takes the lines to the log file instead.
    cc -shared -fPIC -O1 -o "$dir/syslog.so" "$HERE/syslog_to_file.c"
    # Its own tool's hashes take three seconds a login; it takes the system's as well.
    printf '%s:%s:%d:%d::%s/./::::::::::::\n' \
        "$USER_NAME" "$(openssl passwd -6 "$PASSWORD")" "$OWNER_UID" "$OWNER_GID" "$dir/root" \
        >"$dir/passwd"
    chmod 600 "$dir/passwd"
    LD_LIBRARY_PATH=$LIBRARIES \
        "$PACKAGES/usr/bin/pure-pw" mkdb "$dir/users.pdb" -f "$dir/passwd"
    # Without -L, listings end after 10 000 entries.
    SYSLOG_FILE=$dir/log LD_PRELOAD=$dir/syslog.so LD_LIBRARY_PATH=$LIBRARIES \
        "$PACKAGES/usr/sbin/pure-ftpd" -S "$HOST,$(control_port "$name")" -4 \
        -p "$(first_data_port "$name"):$(last_data_port "$name")" -P "$HOST" \
        -l "puredb:$dir/users.pdb" -E -A -H -u 1 -c 100 -C "${FTPSH_MAX_SESSIONS:-100}" -d -d -U 133:022 \
        -L 1000000:20 -Y "$tls" -2 "$dir/both.pem" -g "$dir/pid" -B >"$dir/output" 2>&1 ||
        die "$name: $(cat "$dir/output")"
}

start_pyftpdlib() {
    local name=$1 dir=$RUN/$1
    FTP_PASSWORD=$PASSWORD setsid "$STATE/venv/bin/python" "$HERE/pyftpd.py" \
        "$HOST" "$(control_port "$name")" "$(first_data_port "$name")" "$(last_data_port "$name")" \
        "$dir/both.pem" "$dir/root" "$USER_NAME" "$dir/log" "$OWNER_UID" "$OWNER_GID" </dev/null >"$dir/output" 2>&1 &
    echo $! >"$dir/pid"
}
