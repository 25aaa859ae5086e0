/* The floor: the least a server can do. A datagram "<call> <frame>" on the UDP port is written to every reader of
 * that call ("GET /<run>/<call>", or "GET /<run>/all"). No resume, no permission, no back-pressure.   floor TCPPORT UDPPORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { CALLS = 20, MOST = 8192 };
static int readers[CALLS][MOST], count[CALLS];

static int bound(int type, int port) {
    int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0), one = 1, room = 8 << 20;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (bind(fd, (void *)&at, sizeof at)) { perror("bind"); exit(1); }
    return fd;
}

static void watch(int ep, int fd) {
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

static void answer(int fd) {
    char request[4096];
    ssize_t n = read(fd, request, sizeof request - 1);
    if (n <= 0) {
        for (int c = 0; c < CALLS; c++)
            for (int i = 0; i < count[c]; i++)
                if (readers[c][i] == fd) readers[c][i--] = readers[c][--count[c]];
        close(fd);
        return;
    }
    request[n] = 0;
    dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: ok\n\n");
    char *call = strchr(request + 5, '/') + 1;
    for (int c = 0; c < CALLS; c++)
        if ((*call == 'a' || atoi(call) == c) && count[c] < MOST) readers[c][count[c]++] = fd;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    signal(SIGPIPE, SIG_IGN);
    int listening = bound(SOCK_STREAM, atoi(argv[1])), news = bound(SOCK_DGRAM, atoi(argv[2])), one = 1;
    int ep = epoll_create1(0);
    struct epoll_event ev[256];
    char frame[65536];
    listen(listening, 4096);
    watch(ep, listening), watch(ep, news);
    for (;;) {
        int n = epoll_wait(ep, ev, 256, -1), fd;
        for (int i = 0; i < n; i++) {
            if (ev[i].data.fd == listening) {
                while ((fd = accept4(listening, 0, 0, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    watch(ep, fd);
                }
            } else if (ev[i].data.fd == news) {
                ssize_t got;
                while ((got = recv(news, frame, sizeof frame, 0)) > 3)
                    for (int c = atoi(frame), j = 0; j < count[c]; j++)
                        if (send(readers[c][j], frame + 3, got - 3, 0) < 0) continue;
            } else answer(ev[i].data.fd);
        }
    }
}
