/*
 * The interpreters of this machine for Python, Node.js and Ruby, and our bootstraps for them.
 *
 * All functions are thread-safe.
 */
#ifndef CADABRA_LAMBDA_INTERPRETER_H
#define CADABRA_LAMBDA_INTERPRETER_H

#include "handlers/lambda/program.h"
#include "server/base/arena.h"

enum { LOOK_AGAIN_MS = 60000 }; /* for what was not there: it may be installed */

struct interpreters;

/* runtime_dir: where the bootstraps are to be written, by the first function that needs one. */
struct interpreters *interpreters_new(const char *runtime_dir);
void interpreters_free(struct interpreters *is);

/* Whether the bootstraps are there; writes them the first time. */
bool interpreters_ready(struct interpreters *is);
/* The absolute path of what runs a runtime, valid as long as `is`. NULL when the machine has
 * nothing; out_problem is then words for the user. */
const char *interpreters_find(struct interpreters *is, enum runtime_kind kind, const char *runtime,
                              struct arena *a, const char **out_problem);

/* The first executable of that name on PATH, to be freed; NULL when there is none. */
char *interpreter_on_path(const char *name);
/* Writes a file that the program carries; false after logging why it cannot. */
bool interpreter_write_file(const char *dir, const char *name, const char *text, size_t len);
/* Makes a folder if it is not there; false after logging why it cannot. */
bool interpreter_make_folder(const char *dir);

#endif
