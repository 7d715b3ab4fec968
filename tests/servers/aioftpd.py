"""aioftp's server. It speaks implicit TLS only.

Arguments: host, port, first and last data port, PEM file (key and certificate), root directory,
user. The password is in FTP_PASSWORD.
"""

import asyncio
import logging
import os
import pathlib
import ssl
import sys

import aioftp


async def main() -> None:
    host, port, first, last, pem, root, user = sys.argv[1:]
    logging.basicConfig(level=logging.INFO)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    permitted = aioftp.Permission("/", readable=True, writable=True)
    account = aioftp.User(user, os.environ.pop("FTP_PASSWORD"), base_path=pathlib.Path(root),
                          permissions=[permitted])
    server = aioftp.Server([account], ssl=context, data_ports=range(int(first), int(last) + 1))
    await server.run(host, int(port))


asyncio.run(main())
