#include "server/base/nameless.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

static const char prefix[] = ".nameless-";

static int open_and_unlink(const char *directory)
{
    AUTO_FREE char *path = x_asprintf("%s/%sXXXXXX", directory, prefix);
    int fd = mkostemp(path, O_CLOEXEC);

    if (fd >= 0 && unlink(path)) {
        close(fd);
        return -1;
    }
    return fd;
}

int nameless_open(const char *directory)
{
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    return open_and_unlink(directory);
}

static bool copy_to(int fd, const char *path)
{
    AUTO_CLOSE int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct stat st;
    off_t at = 0;

    if (to < 0)
        return false;
    bool good = fstat(fd, &st) == 0;
    while (good && at < st.st_size) {
        ssize_t n = sendfile(to, fd, &at, (size_t)(st.st_size - at));

        good = n > 0 || (n < 0 && errno == EINTR);
    }
    if (!good) {
        int why = errno;

        unlink(path);
        errno = why;
    }
    return good;
}

bool nameless_link(int fd, const char *path)
{
    char from[64];

    /* ENOENT: an unlinked file can't be linked again, and no file without /proc. */
    snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, from, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
        return true;
    if (errno != ENOENT && errno != EOPNOTSUPP && errno != EPERM)
        return false;
    return copy_to(fd, path);
}

void nameless_sweep(const char *directory)
{
    DIR *d = opendir(directory);

    if (!d)
        return;
    for (struct dirent *e;
         (e = readdir(d));) /* NOLINT(concurrency-mt-unsafe): a stream of its own */
        if (str_starts(e->d_name, prefix))
            unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
}
