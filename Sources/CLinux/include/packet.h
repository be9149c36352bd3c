// Packet sockets (packet(7)): what passes an interface, with the kernel's time stamps.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A frame as it passed.
struct cl_frame {
  const uint8_t *bytes;  // in the batch, until the next cl_frames_receive
  uint32_t captured;     // octets that are there
  uint32_t length;       // octets that the frame had
  int64_t stamp;         // CLOCK_REALTIME in nanoseconds
  bool is_outgoing;
};

// Memory for frames that are taken in one call.
struct cl_frames;
struct cl_frames *cl_frames_make(void);
void cl_frames_free(struct cl_frames *frames);

// A non-blocking socket for the frames of one interface of the caller's network namespace, with room for about `room`
// bytes of frames that nobody has taken yet. -1: errno.
int cl_packet_open(unsigned int interface_index, int room);

// Takes up to 64 frames. Answers how many there are; 0 when none waits; -1 with errno.
int cl_frames_receive(struct cl_frames *frames, int descriptor);
// One of the frames that were taken last.
struct cl_frame cl_frames_at(const struct cl_frames *frames, int index);

// Frames that found no room since the last call. -1: errno.
int64_t cl_packet_dropped(int descriptor);
