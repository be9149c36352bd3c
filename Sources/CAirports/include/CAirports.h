#pragma once
#include <stddef.h>

/// The text of airports.csv, without a final zero.
const unsigned char *_Nonnull airports_text(void);
/// The number of its bytes.
size_t airports_length(void);
