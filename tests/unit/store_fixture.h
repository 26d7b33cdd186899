/* For tests of a store in a directory of its own, which can be closed and opened again. The test
 * says how: it has a `store`, open_store() and close_store(). */
#ifndef CADABRA_TESTS_STORE_FIXTURE_H
#define CADABRA_TESTS_STORE_FIXTURE_H

#include "server/base/arena.h"
#include "storage/store.h"

#include <check.h>

static char folder[64];
static struct store_root *root;
static struct arena a;
static const struct scope here = {.account = "123456789012", .region = "us-east-1"};
static const struct scope elsewhere = {.account = "123456789012", .region = "eu-west-1"};

/* Opens the test's store in open_root(). */
static void open_store(void);
/* Closes it; what is open of the directory is closed behind it. */
static void close_store(void);

static struct store_root *open_root(void)
{
    const struct store_options options = {.directory = folder};
    char problem[256];

    root = store_open(&options, problem, sizeof(problem));
    ck_assert_msg(root != NULL, "%s", problem);
    return root;
}

static void reopen(void)
{
    close_store();
    store_close(root);
    open_store();
}

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/cadabra-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    arena_init(&a);
    open_store();
}

static void teardown(void)
{
    AUTO_FREE char *command = x_asprintf("rm -rf %s", folder);

    close_store();
    store_close(root);
    arena_release(&a);
    ck_assert_int_eq(system(command), 0);
}

#endif
