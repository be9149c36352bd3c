#include "CLand.h"

#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char text[] = {
#embed "land.txt"
};

const unsigned char *land_text(void) { return text; }
size_t land_length(void) { return sizeof text; }
