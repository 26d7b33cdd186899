/*
 * Files that have no name until all their bytes are in them: what a crash leaves of one, the kernel
 * removes.
 *
 * They are O_TMPFILE's where the file system has it. Where it has not, a file is made under a
 * hidden name that is removed at once, and to name it means to copy it.
 */
#ifndef CADABRA_NAMELESS_H
#define CADABRA_NAMELESS_H

#include "server/base/base.h"

/* A descriptor for reading and writing, close-on-exec, of a file in that directory that only we may
 * open; -1 with errno. */
int nameless_open(const char *directory);

/* Gives it a name, in the same file system; the descriptor stays the caller's. False with errno:
 * then the name is free. */
bool nameless_link(int fd, const char *path);

/* Removes what a crash left in that directory between making such a file and hiding it. While
 * nobody makes any there. */
void nameless_sweep(const char *directory);

#endif
