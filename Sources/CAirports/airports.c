#include "CAirports.h"

#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char text[] = {
#embed "airports.csv"
};

const unsigned char *airports_text(void) { return text; }
size_t airports_length(void) { return sizeof text; }
