/* Removal of a folder with all that is in it. */
#ifndef CADABRA_LAMBDA_TREE_H
#define CADABRA_LAMBDA_TREE_H

#include "server/base/base.h"

/* Follows no symbolic link and leaves other file systems alone. What cannot be removed is logged;
 * a path that is not there is fine. */
void tree_remove(const char *path);

#endif
