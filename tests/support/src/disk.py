#!/usr/bin/python3
"""disk.py DIRECTORY: mounts a disk in memory there, by FUSE, and returns when it is mounted.

It stores names as HFS+ does, decomposed, and tells neither upper from lower case nor two ways of
writing an accent. Files fail with EIO when their names say so: `bad-read`, `bad-write` (behind the
first 150 000 bytes), and `bad-end`, where the failure shows only when the file is synced or closed.
`/.calls`, which is not listed, has a line for each sync, rename and new directory.
"""
import errno
import itertools
import os
import stat
import sys
import time
import unicodedata

from fusepy import FUSE, FuseOSError, Operations


def spelled(name):
    return unicodedata.normalize("NFD", name)


def folded(path):
    return spelled(spelled(path).casefold())


CALLS = "/.calls"


class Node:
    numbers = itertools.count(1)

    def __init__(self, path, mode):
        self.path = spelled(path)
        self.mode = mode
        self.data = bytearray()
        self.modified = time.time()
        self.number = next(Node.numbers)


class Disk(Operations):
    def __init__(self):
        self.nodes = {"/": Node("/", stat.S_IFDIR | 0o755)}
        self.nodes[CALLS] = Node(CALLS, stat.S_IFREG | 0o444)

    def record(self, call, path):
        self.nodes[CALLS].data.extend(f"{call} {path}\n".encode())

    def node(self, path):
        try:
            return self.nodes[folded(path)]
        except KeyError:
            raise FuseOSError(errno.ENOENT) from None

    def below(self, path):
        top = folded(path).rstrip("/") + "/"
        return [key for key in self.nodes if key.startswith(top) and key != "/"]

    def getattr(self, path, fh=None):
        node = self.node(path)
        return dict(st_mode=node.mode, st_nlink=1, st_size=len(node.data), st_ino=node.number,
                    st_mtime=node.modified, st_uid=os.getuid(), st_gid=os.getgid())

    def readdir(self, path, fh):
        depth = folded(path).rstrip("/").count("/") + 1
        inside = [key for key in self.below(path) if key.count("/") == depth and key != CALLS]
        return [".", ".."] + [self.nodes[key].path.rsplit("/", 1)[1] for key in inside]

    def add(self, path, mode):
        self.node(os.path.dirname(path))
        self.nodes[folded(path)] = Node(path, mode)
        return 0

    def create(self, path, mode, fi=None):
        return self.add(path, stat.S_IFREG | mode)

    def mkdir(self, path, mode):
        self.record("mkdir", path)
        self.add(path, stat.S_IFDIR | mode)

    def read(self, path, size, offset, fh):
        if "bad-read" in path:
            raise FuseOSError(errno.EIO)
        return bytes(self.node(path).data[offset:offset + size])

    def write(self, path, data, offset, fh):
        if "bad-write" in path and offset + len(data) > 150_000:
            raise FuseOSError(errno.EIO)
        content = self.node(path).data
        content.extend(bytes(max(0, offset - len(content))))
        content[offset:offset + len(data)] = data
        return len(data)

    def truncate(self, path, length, fh=None):
        content = self.node(path).data
        content.extend(bytes(max(0, length - len(content))))
        del content[length:]

    def flush(self, path, fh):
        if "bad-end" in path and self.node(path).data:
            raise FuseOSError(errno.EIO)

    def fsync(self, path, datasync, fh):
        self.record("fsync", path)
        self.flush(path, fh)

    def fsyncdir(self, path, datasync, fh):
        self.record("fsyncdir", path)

    def rename(self, old, new):
        self.record("rename", new)
        node = self.node(old)
        self.node(os.path.dirname(new))
        for key in self.below(old):
            moved = self.nodes.pop(key)
            moved.path = spelled(new) + moved.path[len(node.path):]
            self.nodes[folded(moved.path)] = moved
        del self.nodes[folded(old)]
        node.path = spelled(new)
        self.nodes[folded(new)] = node

    def unlink(self, path):
        self.node(path)
        del self.nodes[folded(path)]

    def rmdir(self, path):
        if self.below(path):
            raise FuseOSError(errno.ENOTEMPTY)
        self.unlink(path)

    def chmod(self, path, mode):
        node = self.node(path)
        node.mode = stat.S_IFMT(node.mode) | mode

    def chown(self, path, uid, gid):
        pass

    def utimens(self, path, times=None):
        self.node(path).modified = times[1] if times else time.time()

    def statfs(self, path):
        return dict(f_bsize=4096, f_frsize=4096, f_blocks=1 << 20, f_bfree=1 << 19, f_bavail=1 << 19)


FUSE(Disk(), sys.argv[1], nothreads=True, use_ino=True, big_writes=True)
