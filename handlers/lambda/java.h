/*
 * The JVMs of this machine, and our bootstrap compiled for them.
 *
 * All functions are thread-safe. java_prepare() may take seconds the first time that a JVM is
 * wanted.
 */
#ifndef CADABRA_LAMBDA_JAVA_H
#define CADABRA_LAMBDA_JAVA_H

#include "handlers/lambda/view.h"
#include "server/base/arena.h"

struct java;

/* runtime_dir: below it the bootstrap is compiled, in a folder for each JVM. It must be there when
 * the first is prepared. */
struct java *java_new(const char *runtime_dir);
void java_free(struct java *j);

/* The path of the JVM for a runtime such as java21. NULL when the machine has none; out_problem is
 * then words for the user. */
const char *java_find(const char *runtime, struct arena *a, const char **out_problem);

/* Paths as functions see them. */
struct java_bootstrap {
    const char *jar;     /* with the class cadabra.lambda.Bootstrap */
    const char *archive; /* its classes as the JVM has them in memory; NULL: it makes none */
};

/* Has the bootstrap for a JVM, whose functions see runtime_dir as `seen` and the rest by `view`
 * (NULL: as it is). False when the JVM cannot compile it; out_problem is then words for the user.
 */
bool java_prepare(struct java *j, const char *jvm, const char *seen, const struct view *view,
                  struct arena *a, struct java_bootstrap *out, const char **out_problem);

#endif
