// SPDX-License-Identifier: Apache-2.0
// Starting amanad and reading /proc about it.
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char LIMITS[] = "map-size = \"1G\"\n"
                             "limits { handshakes-per-second = 100000 handshakes-open = 10000\n"
                             "handshakes-per-address = 10000 connections = 20000 connections-per-identity = 20000\n"
                             "         requests-per-second = 1000000 in-flight = 2048 memory = \"2G\" }\n";

static enum am_err write_conf(const char *world, struct am_detail *detail)
{
    char from[PATH_MAX], to[PATH_MAX], line[1024];
    snprintf(from, sizeof from, "%s/amanad.conf", world);
    snprintf(to, sizeof to, "%s/bench.conf", world);
    FILE *in = fopen(from, "r"), *out = in == NULL ? NULL : fopen(to, "w");
    if (out == NULL) {
        if (in != NULL)
            fclose(in);
        return am_fail(AM_IO, detail, in == NULL ? from : to, "%s", strerror(errno));
    }
    while (fgets(line, sizeof line, in) != NULL)
        if (strncmp(line, "limits", 6) != 0 && strncmp(line, "map-size", 8) != 0)
            fputs(line, out);
    fputs(LIMITS, out);
    fclose(in);
    return fclose(out) == 0 ? AM_OK : am_fail(AM_IO, detail, to, "%s", strerror(errno));
}

static pid_t spawn(const char *world, const char *build, int *ret_log)
{
    int ends[2];
    char program[PATH_MAX], absolute[PATH_MAX];
    snprintf(program, sizeof program, "%s/server/amanad", build);
    if (realpath(program, absolute) == NULL || pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        if (chdir(world) == 0 && dup2(ends[1], STDERR_FILENO) >= 0)
            execl(absolute, absolute, "-c", "bench.conf", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    *ret_log = ends[0];
    return pid;
}

struct drain {
    FILE *from, *to;
};

static void *drain(void *user)
{
    struct drain *drain = user;
    char line[4096];
    while (fgets(line, sizeof line, drain->from) != NULL) {
        fputs(line, drain->to);
        fflush(drain->to);
    }
    fclose(drain->from);
    fclose(drain->to);
    free(drain);
    return NULL;
}

static enum am_err wait_serving(const char *world, struct child *child, struct am_detail *detail)
{
    char path[PATH_MAX], line[4096], last[4096] = "it said nothing";
    pthread_t thread;
    struct drain *drained = calloc(1, sizeof *drained);
    snprintf(path, sizeof path, "%s/bench.log", world);
    if (drained == NULL || (drained->from = fdopen(child->log, "r")) == NULL ||
        (drained->to = fopen(path, "a")) == NULL)
        return AM_NOMEM;
    while (fgets(line, sizeof line, drained->from) != NULL) {
        const char *port = strstr(line, "port=");
        fputs(line, drained->to);
        snprintf(last, sizeof last, "%s", line);
        if (strstr(line, "serving") == NULL || port == NULL)
            continue;
        snprintf(child->address, sizeof child->address, "127.0.0.1:%u", (unsigned)strtoul(port + 5, NULL, 10));
        if (pthread_create(&thread, NULL, drain, drained) != 0)
            return AM_NOMEM;
        pthread_detach(thread);
        return AM_OK;
    }
    return am_fail(AM_UNAVAILABLE, detail, "amanad", "%.300s", last);
}

enum am_err child_start(const char *world, const char *build, struct am_detail *detail, struct child *ret_child)
{
    struct child child = {0};
    TRY(write_conf(world, detail));
    child.pid = spawn(world, build, &child.log);
    if (child.pid < 0)
        return am_fail(AM_IO, detail, build, "%s", strerror(errno));
    enum am_err err = wait_serving(world, &child, detail);
    if (err != AM_OK) {
        child_stop(&child);
        return err;
    }
    *ret_child = child;
    return AM_OK;
}

int child_stop(struct child *child)
{
    int status = 0;
    kill(child->pid, SIGTERM);
    if (waitpid(child->pid, &status, 0) != child->pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// --- What it costs
static double cpu_of(pid_t pid)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
        return 0;
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double child_cpu(const struct child *child)
{
    char path[64];
    int pid;
    double sum = cpu_of(child->pid);
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)child->pid, (int)child->pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fscanf(file, "%d", &pid) == 1)
        sum += cpu_of(pid);
    if (file != NULL)
        fclose(file);
    return sum;
}

double child_anonymous(const struct child *child)
{
    char path[64], line[256];
    unsigned long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)child->pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "RssAnon: %lu", &kib) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return (double)kib * 1024;
}
