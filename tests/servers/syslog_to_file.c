/* Preloaded into a server that can log to syslog only: takes its lines to the file that
 * SYSLOG_FILE names. The file is opened before the server changes its root directory. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int log_fd = -1;

__attribute__((constructor)) static void open_log(void)
{
    const char *path = getenv("SYSLOG_FILE");
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    /* A number out of the way of servers that close what they inherited. */
    if (fd >= 0 && (log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 500)) >= 0)
        close(fd);
}

void vsyslog(int priority, const char *format, va_list args)
{
    char line[4096];
    int length = vsnprintf(line, sizeof line - 1, format, args);
    (void)priority;
    if (length < 0 || log_fd < 0)
        return;
    if (length > (int)sizeof line - 2)
        length = sizeof line - 2;
    line[length] = '\n';
    if (write(log_fd, line, (size_t)length + 1) < 0)
        log_fd = -1;
}

void syslog(int priority, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsyslog(priority, format, args);
    va_end(args);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list args;
    (void)flag;
    va_start(args, format);
    vsyslog(priority, format, args);
    va_end(args);
}

void openlog(const char *name, int options, int facility)
{
    (void)name, (void)options, (void)facility;
}

void closelog(void) {}
