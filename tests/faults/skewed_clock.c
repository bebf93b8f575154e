/* A wall clock that is off, for one process: preloaded, it adds to it the nanoseconds that SKEWED_CLOCK's file begins with.

   Monotonic clocks and all that waits stay as they are. libfaketime 0.9.10 would bend those too: under it, with
   FAKETIME_DONT_FAKE_MONOTONIC=1, Python's time.sleep fails with EINVAL, and its threads wait seconds for each other. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t SECOND = 1000000000;
static const volatile int64_t *offset;
static int (*true_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("SKEWED_CLOCK");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  void *page = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) abort();
  close(file);
  true_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  offset = page;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  if (!true_gettime) begin(); /* somebody's constructor is before ours */
  int failed = true_gettime(clock, now);
  if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t skewed = now->tv_sec * SECOND + now->tv_nsec + *offset;
    now->tv_sec = skewed / SECOND;
    now->tv_nsec = skewed % SECOND;
  }
  return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec precise;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *result) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (result) *result = precise.tv_sec;
  return precise.tv_sec;
}
