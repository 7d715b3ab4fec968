// npm's ftp-srv with explicit TLS. Arguments: its module directory, host, port, first and last data
// port, PEM file (key and certificate), root directory, user. The password is in FTP_PASSWORD.
'use strict';

const fs = require('fs');
const [modules, host, port, first, last, pem, root, user] = process.argv.slice(2);
const { FtpSrv } = require(modules);

const password = process.env.FTP_PASSWORD;
const secret = fs.readFileSync(pem);
const server = new FtpSrv({
  url: `ftp://${host}:${port}`,
  pasv_url: host,
  pasv_min: Number(first),
  pasv_max: Number(last),
  tls: { key: secret, cert: secret },
});
server.on('login', ({ username, password: given }, resolve, reject) =>
  username === user && given === password ? resolve({ root }) : reject(new Error('login incorrect')));
// A client that leaves in the middle must not end the server.
server.on('client-error', () => {});
process.on('uncaughtException', (error) => console.error(error));
server.listen();
