// http_parser, the parser of HTTP/1.1 messages that Node.js was built on (Debian: libhttp-parser-dev). What it read stands in bit
// fields, which Swift sees as integers of no name; these functions name them.
#pragma once

#include <http_parser.h>

static inline unsigned int chp_method(const http_parser *parser) { return parser->method; }
static inline unsigned int chp_status(const http_parser *parser) { return parser->status_code; }
static inline enum http_errno chp_errno(const http_parser *parser) { return HTTP_PARSER_ERRNO(parser); }
