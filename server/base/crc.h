/*
 * The cyclic redundancy checks of S3, incremental, and joined without the bytes. Fast where the
 * processor multiplies without carries (x86-64 with PCLMULQDQ), by tables elsewhere.
 *
 * All three are reflected, begin with all ones and are inverted at the end. A value is what a
 * client would send, in the low bits; 0 is that of no bytes.
 */
#ifndef CADABRA_CRC_H
#define CADABRA_CRC_H

#include "server/base/base.h"

enum crc_kind { CRC_32, CRC_32C, CRC_64_NVME };

/* The check of the bytes so far (0 for none) becomes that of these with `len` more. */
uint64_t crc_update(enum crc_kind kind, uint64_t crc, const void *data, size_t len);
/* The check of a run of bytes and `second_len` bytes behind it, from the checks of both. */
uint64_t crc_combine(enum crc_kind kind, uint64_t first, uint64_t second, uint64_t second_len);
/* 32 or 64 */
unsigned crc_bits(enum crc_kind kind);

#endif
