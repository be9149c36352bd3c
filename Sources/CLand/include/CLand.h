#pragma once
#include <stddef.h>

/// The text of land.txt, without a final zero.
const unsigned char *_Nonnull land_text(void);
/// The number of its bytes.
size_t land_length(void);
