/* A disk that fails on purpose, for the one process that this is preloaded into.
 *
 * FAULT_PATHS: how the paths of the files begin that it concerns. FAULT_CONTROL: a file whose first
 * letter says what fails while it is there: f(ull): writes, ENOSPC; s(ync): syncs, EIO; w(rite):
 * writes, EIO; r(ead-only): writes, EROFS.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static char fault(void) {
    const char *control = getenv("FAULT_CONTROL");
    char letter = 0;
    int file = control ? open(control, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return 0;
    if (read(file, &letter, 1) != 1) letter = 0;
    close(file);
    return letter;
}

static int concerned(int file) {
    const char *paths = getenv("FAULT_PATHS");
    char link[64], path[4096];
    if (!paths) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return strncmp(path, paths, strlen(paths)) == 0;
}

static int write_error(int file) {
    int kept = errno, error = 0;
    if (concerned(file)) {
        switch (fault()) {
        case 'f': error = ENOSPC; break;
        case 'w': error = EIO; break;
        case 'r': error = EROFS; break;
        }
    }
    errno = error ? error : kept;
    return error;
}

static int sync_error(int file) {
    int kept = errno, error = concerned(file) && fault() == 's' ? EIO : 0;
    errno = error ? error : kept;
    return error;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void *bytes, size_t size) {
    return write_error(file) ? -1 : REAL(write)(file, bytes, size);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t place) {
    return write_error(file) ? -1 : REAL(pwrite)(file, bytes, size, place);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t place) {
    return write_error(file) ? -1 : REAL(pwrite64)(file, bytes, size, place);
}

int fsync(int file) { return sync_error(file) ? -1 : REAL(fsync)(file); }

int fdatasync(int file) { return sync_error(file) ? -1 : REAL(fdatasync)(file); }
