/*
 * The regular expressions of the models: Java's syntax, matched against the whole text.
 *
 * Most are one character class with a quantifier and are matched by hand; the others by PCRE2,
 * compiled when first used and kept in a cache that lives as long as the process. Limits on
 * backtracking keep hostile texts cheap: one that reaches them counts as not matching.
 */
#ifndef CADABRA_PATTERN_H
#define CADABRA_PATTERN_H

#include "server/base/base.h"

struct pattern;
struct pattern_cache;

struct pattern_cache *pattern_cache_new(void);
void pattern_cache_free(struct pattern_cache *cache);

/*
 * True when all of text (UTF-8) matches. pattern is a text that lives as long as the cache: its
 * address is the key. cache may be NULL: then the pattern is compiled for this call alone.
 * Thread-safe. A pattern that does not compile is our mistake: it is logged and matches everything.
 */
bool pattern_matches(struct pattern_cache *cache, const char *pattern, const char *text);
/* A pattern that a client has given: compiled once, NULL where it is none. Thread-safe. */
struct pattern *pattern_new(const char *text);
bool pattern_fits(const struct pattern *p, const char *text);
void pattern_free(struct pattern *p);

#endif
