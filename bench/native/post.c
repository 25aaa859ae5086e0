/* Many keep-alive connections in one thread, each posting the next request of a file as soon as it was answered.
 *
 *   post PORT CONNECTIONS FILE      FILE: a 32-bit length in this machine's order and a whole request, repeated
 *
 * Prints {"ok", "other", "seconds", "p50", "p99", "max"} when every request has been answered; times in ms. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 1 << 14 };

struct sender {
    int fd, got;
    size_t sent, length;
    const char *request;
    double began;
    char answer[BUFFER];
};

static const char *file;
static size_t size, position, answered, ok;
static float *times;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void watch(int ep, struct sender *s, uint32_t events, int how) {
    struct epoll_event ev = {.events = events, .data.ptr = s};
    epoll_ctl(ep, how, s->fd, &ev);
}

static void go_on(int ep, struct sender *s) {
    ssize_t n = write(s->fd, s->request + s->sent, s->length - s->sent);
    if (n < 0 && errno != EAGAIN) { perror("write"); exit(1); }
    if (n > 0) s->sent += n;
    watch(ep, s, s->sent < s->length ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
}

static void next(int ep, struct sender *s) {
    uint32_t length;
    if (position + 4 > size) { watch(ep, s, 0, EPOLL_CTL_MOD); return; }
    memcpy(&length, file + position, 4);
    s->request = file + position + 4, s->length = length, s->sent = 0, s->got = 0, s->began = now();
    position += 4 + length;
    go_on(ep, s);
}

static void open_sender(int ep, struct sender *s, int port) {
    int one = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(s->fd, (void *)&to, sizeof to)) { perror("connect"); exit(1); }
    fcntl(s->fd, F_SETFL, O_NONBLOCK);
    watch(ep, s, EPOLLIN, EPOLL_CTL_ADD);
    next(ep, s);
}

/* Whether the whole answer is there; every server here says its length. */
static int is_whole(struct sender *s) {
    s->answer[s->got] = 0;
    char *end = strstr(s->answer, "\r\n\r\n"), *length = strcasestr(s->answer, "\r\ncontent-length:");
    return end && length && length < end && s->got >= end + 4 - s->answer + atoi(length + 17);
}

static void hear(int ep, struct sender *s) {
    ssize_t n = read(s->fd, s->answer + s->got, BUFFER - 1 - s->got);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) { fprintf(stderr, "a connection was closed\n"); exit(1); }
    s->got += n;
    if (!is_whole(s)) return;
    times[answered++] = (now() - s->began) * 1e3;
    if (!memcmp(s->answer + 9, "200", 3)) ok++;
    else if (answered - ok == 1) fprintf(stderr, "%.300s\n", s->answer);
    next(ep, s);
}

static int earlier(const void *a, const void *b) {
    float x = *(float *)a, y = *(float *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    int port = atoi(argv[1]), count = atoi(argv[2]), source = open(argv[3], O_RDONLY), ep = epoll_create1(0);
    struct stat about;
    if (source < 0 || fstat(source, &about)) { perror(argv[3]); return 1; }
    size = about.st_size;
    file = mmap(0, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, source, 0);
    size_t total = 0;
    for (size_t at = 0; at + 4 <= size; total++) { uint32_t n; memcpy(&n, file + at, 4); at += 4 + n; }
    times = calloc(total, sizeof *times);
    struct sender *all = calloc(count, sizeof *all);
    struct epoll_event ev[256];
    double began = now();
    for (int i = 0; i < count; i++) open_sender(ep, &all[i], port);
    while (answered < total) {
        int n = epoll_wait(ep, ev, 256, 15000);
        if (!n) { fprintf(stderr, "nobody answers\n"); return 1; }
        for (int i = 0; i < n; i++) {
            if (ev[i].events & EPOLLOUT) go_on(ep, ev[i].data.ptr);
            if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) hear(ep, ev[i].data.ptr);
        }
    }
    double seconds = now() - began;
    qsort(times, total, sizeof *times, earlier);
    printf("{\"ok\": %zu, \"other\": %zu, \"seconds\": %.4f, \"p50\": %.2f, \"p99\": %.2f, \"max\": %.2f}\n",
           ok, total - ok, seconds, times[total / 2], times[total * 99 / 100], times[total - 1]);
    return 0;
}
