/*
 * Unpacking of deployment packages, with libzip for the format.
 *
 * Every entry is created relative to a descriptor of its own directory, which is reached from the
 * root one component at a time without following links. So whatever links the archive holds, no
 * write goes through one. Links themselves are checked by their text (zip_link_is_safe), so that
 * reading the tree later does not leave it either.
 */
#include "handlers/lambda/zip.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zip.h>

#include "server/base/log.h"

enum { NAME_MAX_LEN = 4095, COMPONENT_MAX = 255, CHUNK = 64 * 1024 };

struct unpacking {
    zip_t *zip;
    int root;
    const struct zip_limits *limits;
    int64_t written;
    char *problem;
    size_t problem_size;
};

static enum zip_verdict malformed(struct unpacking *u, const char *what, const char *name)
{
    snprintf(u->problem, u->problem_size, "%s: %.200s", what, name);
    return ZIP_MALFORMED;
}

static enum zip_verdict failed(const char *what, const char *name)
{
    log_error("cannot unpack a deployment package: %s %s: %s", what, name, strerror(errno));
    return ZIP_FAILED;
}

bool zip_name_is_safe(const char *name)
{
    size_t len = strlen(name);

    if (!len || len > NAME_MAX_LEN || name[0] == '/')
        return false;
    for (const char *part = name; *part;) {
        size_t n = strcspn(part, "/");

        if (n == 0 || n > COMPONENT_MAX || (n == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        part += n + (part[n] == '/');
    }
    return true;
}

bool zip_link_is_safe(const char *name, const char *target)
{
    size_t depth = 0;
    bool descended = false;

    if (!target[0] || target[0] == '/')
        return false;
    for (const char *c = name; *c; c++)
        depth += *c == '/';
    for (const char *part = target; *part;) {
        size_t n = strcspn(part, "/");

        if (n == 2 && part[0] == '.' && part[1] == '.') {
            /* After a descent ".." may start from wherever another link led. */
            if (descended || depth == 0)
                return false;
            depth--;
        } else if (n > 0 && !(n == 1 && part[0] == '.')) {
            descended = true;
        }
        part += n + (part[n] == '/');
    }
    return true;
}

/* Opens the directory that `name` stands in, making what is missing. *out_last is the last
 * component, in name. -1 with errno set. */
static int open_parent(int root, char *name, const char **out_last)
{
    int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
    char *part = name;

    for (char *slash; at >= 0 && (slash = strchr(part, '/')); part = slash + 1) {
        int next;

        *slash = 0;
        if (mkdirat(at, part, 0755) < 0 && errno != EEXIST) {
            next = -1;
        } else {
            next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        close(at);
        at = next;
        *slash = '/';
    }
    *out_last = part;
    return at;
}

/* The entry's permission bits, or -1 for a link. */
static int entry_mode(struct unpacking *u, zip_uint64_t index, bool directory)
{
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    int fallback = directory ? 0755 : 0644;

    if (zip_file_get_external_attributes(u->zip, index, 0, &system, &attributes) < 0 ||
        system != ZIP_OPSYS_UNIX)
        return fallback;
    mode_t mode = attributes >> 16;
    if (S_ISLNK(mode))
        return -1;
    if (!(mode & 0777))
        return fallback;
    return (int)(mode & 0777) | (directory ? 0700 : 0600);
}

static enum zip_verdict copy_content(struct unpacking *u, zip_file_t *in, int out, const char *name)
{
    AUTO_FREE char *chunk = x_malloc(CHUNK);
    zip_int64_t n;

    while ((n = zip_fread(in, chunk, CHUNK)) > 0) {
        u->written += n;
        if (u->written > u->limits->bytes)
            return ZIP_TOO_LARGE;
        for (zip_int64_t done = 0; done < n;) {
            ssize_t w = write(out, chunk + done, (size_t)(n - done));

            if (w < 0 && errno != EINTR)
                return failed("write", name);
            done += w > 0 ? w : 0;
        }
    }
    return n < 0 ? malformed(u, "damaged entry", name) : ZIP_FINE;
}

static enum zip_verdict unpack_file(struct unpacking *u, zip_uint64_t index, int parent,
                                    const char *last, mode_t mode)
{
    zip_file_t *in = zip_fopen_index(u->zip, index, 0);

    if (!in)
        return malformed(u, zip_strerror(u->zip), last);
    if (unlinkat(parent, last, 0) < 0 && errno == EISDIR) {
        zip_fclose(in);
        return malformed(u, "a file in the place of a directory", last);
    }
    AUTO_CLOSE int out =
        openat(parent, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    enum zip_verdict verdict = out < 0 ? failed("create", last) : copy_content(u, in, out, last);
    if (verdict == ZIP_FINE && fchmod(out, mode) < 0)
        verdict = failed("chmod", last);
    zip_fclose(in);
    return verdict;
}

static enum zip_verdict unpack_link(struct unpacking *u, zip_uint64_t index, int parent,
                                    const char *last, const char *name)
{
    char target[NAME_MAX_LEN + 1];
    zip_file_t *in = zip_fopen_index(u->zip, index, 0);
    zip_int64_t n = in ? zip_fread(in, target, sizeof(target)) : -1;

    if (in)
        zip_fclose(in);
    if (n <= 0 || n > NAME_MAX_LEN)
        return malformed(u, "damaged link", name);
    target[n] = 0;
    if (strlen(target) != (size_t)n || !zip_link_is_safe(name, target))
        return malformed(u, "link that leads outside", name);
    unlinkat(parent, last, 0);
    if (symlinkat(target, parent, last) < 0)
        return malformed(u, "link in the place of something else", name);
    return ZIP_FINE;
}

static enum zip_verdict unpack_directory(struct unpacking *u, int parent, const char *last,
                                         mode_t mode)
{
    if (mkdirat(parent, last, 0755) < 0 && errno != EEXIST)
        return failed("mkdir", last);
    AUTO_CLOSE int dir = openat(parent, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0)
        return malformed(u, "a directory in the place of a file", last);
    return fchmod(dir, mode) < 0 ? failed("chmod", last) : ZIP_FINE;
}

static enum zip_verdict unpack_entry(struct unpacking *u, zip_uint64_t index)
{
    char name[NAME_MAX_LEN + 1];
    const char *raw = zip_get_name(u->zip, index, ZIP_FL_ENC_GUESS);
    const char *last;

    if (!raw)
        return malformed(u, "entry without a name", "");
    if (!zip_name_is_safe(raw))
        return malformed(u, "unsafe name", raw);
    size_t len = strlen(raw);
    bool directory = raw[len - 1] == '/';
    memcpy(name, raw, len + 1);
    if (directory)
        name[len - 1] = 0;
    if (str_eq(name, "."))
        return ZIP_FINE;
    AUTO_CLOSE int parent = open_parent(u->root, name, &last);
    if (parent < 0) {
        if (errno == ENOTDIR || errno == ELOOP)
            return malformed(u, "name through a file or link", name);
        return failed("mkdir", name);
    }
    int mode = entry_mode(u, index, directory);
    if (str_eq(last, "."))
        return malformed(u, "unsafe name", name);
    if (directory)
        return unpack_directory(u, parent, last, mode < 0 ? 0755 : (mode_t)mode);
    if (mode < 0)
        return unpack_link(u, index, parent, last, name);
    return unpack_file(u, index, parent, last, (mode_t)mode);
}

static enum zip_verdict unpack_all(struct unpacking *u)
{
    zip_int64_t count = zip_get_num_entries(u->zip, 0);

    if (count <= 0)
        return ZIP_EMPTY;
    if (count > u->limits->entries)
        return ZIP_TOO_LARGE;
    for (zip_int64_t i = 0; i < count; i++) {
        enum zip_verdict verdict = unpack_entry(u, (zip_uint64_t)i);

        if (verdict != ZIP_FINE)
            return verdict;
    }
    return ZIP_FINE;
}

/* Whether the directory of the archive can list more entries than that. libzip reads it whole, at
 * several hundred bytes of memory an entry, before it tells how many there are. */
static bool lists_more_than(struct bytes archive, int64_t max)
{
    static const char header[] = {'P', 'K', 1, 2};
    const uint8_t *at = archive.data, *end = archive.data + archive.len;
    int64_t count = 0;

    while (count <= max && (at = memmem(at, (size_t)(end - at), header, sizeof(header)))) {
        at += sizeof(header);
        count++;
    }
    return count > max;
}

enum zip_verdict zip_unpack(struct bytes archive, int dir_fd, const struct zip_limits *limits,
                            char *problem, size_t problem_size)
{
    struct unpacking u = {
        .root = dir_fd, .limits = limits, .problem = problem, .problem_size = problem_size};
    zip_error_t error;

    if (!archive.len)
        return ZIP_EMPTY;
    if (lists_more_than(archive, limits->entries))
        return ZIP_TOO_LARGE;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(archive.data, archive.len, 0, &error);
    u.zip = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : NULL;
    if (!u.zip) {
        snprintf(problem, problem_size, "%s", zip_error_strerror(&error));
        zip_error_fini(&error);
        zip_source_free(source);
        return ZIP_MALFORMED;
    }
    zip_error_fini(&error);
    enum zip_verdict verdict = unpack_all(&u);
    zip_discard(u.zip);
    return verdict;
}
