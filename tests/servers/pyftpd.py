"""pyftpdlib with TLS required on both connections.

Arguments: host, port, first and last data port, PEM file (key and certificate), root directory,
user, log file, and the numbers of the system's user and group that it serves files as. The
password is in FTP_PASSWORD.
"""

import _strptime  # noqa: F401  Python may lie where only root reads: it is not imported later.
import logging
import os
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.servers import ThreadedFTPServer


class FileSystem(AbstractedFS):
    """The original changes the directory of the process, which all its threads share: of two CWD
    at the same time the second one can leave the process in a directory that is deleted later, and
    then every CWD fails."""

    def chdir(self, path: str) -> None:
        os.stat(os.path.join(path, "."))  # as chdir(2): a directory, and it may be entered
        self.cwd = self.fs2ftp(path)


def main() -> None:
    host, port, first, last, pem, root, user, log, uid, gid = sys.argv[1:]
    password = os.environ.pop("FTP_PASSWORD")
    # At DEBUG every command line and reply is logged.
    logging.basicConfig(filename=log, level=logging.DEBUG)
    os.umask(0o022)

    authorizer = DummyAuthorizer()
    authorizer.add_user(user, password, root, perm="elradfmwMT")

    class Handler(TLS_FTPHandler):
        pass

    Handler.authorizer = authorizer
    Handler.abstracted_fs = FileSystem
    Handler.certfile = pem
    Handler.tls_control_required = True
    Handler.tls_data_required = True
    Handler.passive_ports = range(int(first), int(last) + 1)
    Handler.use_gmt_times = True
    # The key is root's alone: it is read before root's rights are given up.
    Handler.ssl_context = Handler.get_ssl_context()

    server = ThreadedFTPServer((host, int(port)), Handler)
    server.max_cons = 100
    server.max_cons_per_ip = 0
    # CWD comes back to where the process began, and that may be for root alone.
    os.chdir("/")
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
    server.serve_forever()


if __name__ == "__main__":
    main()
