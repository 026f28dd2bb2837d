// A load of short TCP connections, and of requests on one connection, with little cost of its own.
//
//   load server PORT                        answers 64 bytes with 64 bytes until it is killed
//   load client ADDRESS PORT MILLISECONDS   connect, request, close in a loop
//   load stream ADDRESS PORT MILLISECONDS   requests on one connection
//
// The client prints "COUNT SECONDS CONNECT_P50_NS REQUEST_P50_NS". It closes with a reset, so that no
// port waits in TIME_WAIT. Both ends share core 0: a new connection's cost is then the machine's, not the scheduler's.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST = 64, SAMPLES = 1 << 20 };

static uint32_t connects[SAMPLES], requests[SAMPLES];

static void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct sockaddr_in address_of(const char *host, const char *port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  if (inet_pton(AF_INET, host, &a.sin_addr) != 1) fail("address");
  return a;
}

static void serve(const char *port) {
  struct sockaddr_in a = address_of("0.0.0.0", port);
  int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&a, sizeof a) != 0 || listen(listener, 1024) != 0) fail("listen");
  struct epoll_event e = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &e);
  puts("ready");
  fflush(stdout);
  for (;;) {
    struct epoll_event ready[64];
    int n = epoll_wait(poll, ready, 64, -1);
    for (int i = 0; i < n; i++) {
      int fd = ready[i].data.fd;
      if (fd == listener) {
        int peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (peer < 0) continue;
        struct epoll_event each = {.events = EPOLLIN, .data.fd = peer};
        epoll_ctl(poll, EPOLL_CTL_ADD, peer, &each);
        continue;
      }
      char buffer[REQUEST];
      ssize_t got = recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0 || send(fd, buffer, (size_t)got, MSG_NOSIGNAL) < 0) close(fd);
    }
  }
}

static int connected(const struct sockaddr_in *a) {
  struct linger reset = {1, 0};
  struct timeval limit = {2, 0};
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, (const struct sockaddr *)a, sizeof *a) != 0) fail("connect");
  return fd;
}

static void request(int fd) {
  char buffer[REQUEST] = {0};
  if (send(fd, buffer, sizeof buffer, MSG_NOSIGNAL) != sizeof buffer) fail("send");
  for (size_t got = 0; got < sizeof buffer;) {
    ssize_t n = recv(fd, buffer, sizeof buffer - got, 0);
    if (n <= 0) fail("recv");
    got += (size_t)n;
  }
}

static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static uint32_t median(uint32_t *samples, size_t count) {
  if (count > SAMPLES) count = SAMPLES;
  if (count == 0) return 0;
  qsort(samples, count, sizeof *samples, ascending);
  return samples[count / 2];
}

static void load(const struct sockaddr_in *a, uint64_t nanoseconds, int fresh) {
  uint64_t start = now(), end = start + nanoseconds, t = start;
  size_t count = 0;
  int fd = fresh ? -1 : connected(a);
  while (t < end) {
    uint64_t began = t;
    if (fresh) fd = connected(a);
    uint64_t open = now();
    request(fd);
    uint64_t done = now();
    if (fresh) close(fd);
    connects[count % SAMPLES] = (uint32_t)(open - began);
    requests[count % SAMPLES] = (uint32_t)(done - open);
    count++;
    t = now();
  }
  printf("%zu %.6f %u %u\n", count, (double)(t - start) / 1e9, median(connects, count), median(requests, count));
}

int main(int argc, char **argv) {
  cpu_set_t core;
  CPU_ZERO(&core);
  CPU_SET(0, &core);
  sched_setaffinity(0, sizeof core, &core);
  if (argc == 3 && strcmp(argv[1], "server") == 0) serve(argv[2]);
  if (argc != 5) {
    fprintf(stderr, "usage: load server PORT | load client|stream ADDRESS PORT MILLISECONDS\n");
    return 2;
  }
  struct sockaddr_in a = address_of(argv[2], argv[3]);
  load(&a, (uint64_t)atoi(argv[4]) * 1000000u, strcmp(argv[1], "client") == 0);
  return 0;
}
