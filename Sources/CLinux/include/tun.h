// TAP devices: ioctls are variadic, and their numbers are macros that Swift does not import.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Creates the TAP device `name` in the caller's network namespace, or takes over one that nobody holds. Frames are read
// and written with a virtio_net_hdr of 10 bytes in front, and may be segmented later (TCP, and UDP where the kernel can).
// Answers a non-blocking, close-on-exec descriptor, or -1 with errno. Before Linux 6.0 it has a carrier in any case.
int cl_tap_open(const char *name, bool carrier);

// Whether the device outlives the descriptor.
int cl_tap_set_persistent(int descriptor, bool persistent);

// Gives the device its Ethernet address, unless it has it: a change would flush the neighbours, also permanent ones.
int cl_tap_set_address(int descriptor, const char *name, const uint8_t address[6]);

// Raises or drops the carrier, and lets routes and listeners see it before returning.
int cl_tap_set_carrier(int descriptor, const char *name, bool up);

// How late the kernel may let this thread's timers be, in nanoseconds.
int cl_set_timer_slack(unsigned long nanoseconds);

// Puts the thread above all that is not real-time (SCHED_FIFO, lowest priority); children do not inherit it.
int cl_set_real_time(void);
