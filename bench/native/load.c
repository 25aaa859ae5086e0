/* Many event-stream readers in one thread. Every token in a stream says when it was sent ("@" and twelve hex
 * digits of monotonic microseconds); we note how long each took to reach each reader.
 *
 *   load PORT READERS PATH CALLS [HEADER]      PATH may hold one %d: the reader's number modulo CALLS
 *
 * Prints {"connected": n, "refused": n, "ms": t} once all have had their first bytes, and the result when standard
 * input closes. A line there begins the count anew. A frame's last token is the one with the closing quotation mark behind it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { DIGITS = 12, BUCKET_US = 50, BUCKETS = 400000, WAVE = 64, BUFFER = 1 << 18 };

struct reader {
    int fd, begun, matched; /* matched: letters of a token whose rest is still on its way; -1 outside of one */
    uint64_t stamp;
};

static uint32_t histogram[BUCKETS];
static uint64_t tokens, frames, bytes, reads, closed;

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void note(uint64_t sent, uint64_t now) {
    uint64_t bucket = now > sent ? (now - sent) / BUCKET_US : 0;
    histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    tokens++;
}

static void scan(struct reader *r, const char *p, const char *end, uint64_t now) {
    while (p < end) {
        if (r->matched < 0) {
            p = memchr(p, '@', end - p);
            if (!p) return;
            p++, r->matched = 0, r->stamp = 0;
        }
        while (p < end && r->matched < DIGITS) {
            int digit = hex(*p++);
            if (digit < 0) { r->matched = -1; break; }
            r->stamp = r->stamp << 4 | digit, r->matched++;
        }
        if (r->matched < 0) continue;
        if (p == end) return;
        if (r->matched == DIGITS) note(r->stamp, now), r->matched++, p++; /* past the space behind it */
        if (p == end) return;
        if (*p == '"') frames++;
        r->matched = -1;
    }
}

static double at_share(double share) {
    uint64_t wanted = tokens * share, seen = 0;
    for (int i = 0; i < BUCKETS; i++)
        if ((seen += histogram[i]) > wanted) return i * BUCKET_US / 1000.0;
    return 0;
}

static void open_reader(struct reader *r, int port, int ep, int index) {
    int one = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    r->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), r->matched = -1;
    setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(r->fd, (void *)&to, sizeof to) && errno != EINPROGRESS) { perror("connect"); exit(1); }
    struct epoll_event ev = {.events = EPOLLOUT, .data.u32 = index};
    epoll_ctl(ep, EPOLL_CTL_ADD, r->fd, &ev);
}

static void ask(struct reader *r, const char *path, int number, const char *header, int ep, int index) {
    char target[4096], request[4800];
    snprintf(target, sizeof target, path, number);
    int n = snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n%s%s\r\n", target, header,
                     *header ? "\r\n" : "");
    if (write(r->fd, request, n) != n) { perror("write"); exit(1); }
    struct epoll_event ev = {.events = EPOLLIN, .data.u32 = index};
    epoll_ctl(ep, EPOLL_CTL_MOD, r->fd, &ev);
}

int main(int argc, char **argv) {
    if (argc < 5) return 2;
    int port = atoi(argv[1]), count = atoi(argv[2]), calls = atoi(argv[4]);
    int started = 0, ready = 0, refused = 0, told = 0;
    const char *header = argc > 5 ? argv[5] : "";
    uint64_t began = now_us();
    struct reader *all = calloc(count, sizeof *all);
    char *buffer = malloc(BUFFER);
    int ep = epoll_create1(0);
    struct epoll_event in = {.events = EPOLLIN, .data.u32 = UINT32_MAX}, ev[512];
    epoll_ctl(ep, EPOLL_CTL_ADD, 0, &in);
    for (;;) {
        for (; started < count && started - ready < WAVE; started++) open_reader(&all[started], port, ep, started);
        int n = epoll_wait(ep, ev, 512, 200);
        for (int i = 0; i < n; i++) {
            if (ev[i].data.u32 == UINT32_MAX) {
                if (read(0, buffer, 64) <= 0) goto done;
                memset(histogram, 0, sizeof histogram), tokens = frames = bytes = reads = 0;
                continue;
            }
            struct reader *r = &all[ev[i].data.u32];
            if (ev[i].events == EPOLLOUT) { ask(r, argv[3], ev[i].data.u32 % calls, header, ep, ev[i].data.u32); continue; }
            ssize_t got = read(r->fd, buffer, BUFFER);
            if (got < 0 && errno == EAGAIN) continue;
            if (got <= 0) { closed++, close(r->fd); if (!r->begun) ready++, r->begun = 1; continue; }
            if (!r->begun) {
                r->begun = 1, ready++;
                if (got < 12 || memcmp(buffer + 8, " 200", 4)) refused++;
            }
            bytes += got, reads++;
            scan(r, buffer, buffer + got, now_us());
        }
        if (ready == count && !told) {
            printf("{\"connected\": %d, \"refused\": %d, \"ms\": %.1f}\n", ready, refused, (now_us() - began) / 1000.0);
            fflush(stdout), told = 1;
        }
    }
done:
    printf("{\"tokens\": %lu, \"frames\": %lu, \"bytes\": %lu, \"reads\": %lu, \"closed\": %lu, \"p50\": %.2f, \"p99\": %.2f, \"max\": %.2f}\n",
           tokens, frames, bytes, reads, closed, at_share(.5), at_share(.99), at_share(.999999));
    return 0;
}
