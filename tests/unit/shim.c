#include "tests/unit/shim.h"

#include <stdlib.h>
#include <string.h>

struct shim_file {
	sqlite3_file	 base;
	bool		 main_db;
	sqlite3_file	*real;
};

static sqlite3_vfs *root;
static sqlite3_vfs shim;
static shim_fn *hook;
static void *hook_arg;

static sqlite3_file *
real(sqlite3_file *f)
{
	return (((struct shim_file *)f)->real);
}

static void
tell(sqlite3_file *f, enum shim_call call)
{
	shim_fn *fn = hook;

	if (fn == NULL)
		return;
	hook = NULL;
	fn(call, ((struct shim_file *)f)->main_db, hook_arg);
	/* Unless it has chosen another one, or none. */
	if (hook == NULL && hook_arg != NULL)
		hook = fn;
}

static int
x_close(sqlite3_file *f)
{
	int rc = real(f)->pMethods->xClose(real(f));

	free(real(f));
	return (rc);
}

static int
x_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	tell(f, SHIM_READ);
	return (real(f)->pMethods->xRead(real(f), p, n, at));
}

static int
x_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	tell(f, SHIM_WRITE);
	return (real(f)->pMethods->xWrite(real(f), p, n, at));
}

static int
x_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return (real(f)->pMethods->xTruncate(real(f), size));
}

static int
x_sync(sqlite3_file *f, int flags)
{
	tell(f, SHIM_SYNC);
	return (real(f)->pMethods->xSync(real(f), flags));
}

static int
x_file_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return (real(f)->pMethods->xFileSize(real(f), size));
}

static int
x_lock(sqlite3_file *f, int level)
{
	return (real(f)->pMethods->xLock(real(f), level));
}

static int
x_unlock(sqlite3_file *f, int level)
{
	return (real(f)->pMethods->xUnlock(real(f), level));
}

static int
x_check_reserved(sqlite3_file *f, int *out)
{
	return (real(f)->pMethods->xCheckReservedLock(real(f), out));
}

static int
x_control(sqlite3_file *f, int op, void *arg)
{
	return (real(f)->pMethods->xFileControl(real(f), op, arg));
}

static int
x_sector(sqlite3_file *f)
{
	return (real(f)->pMethods->xSectorSize(real(f)));
}

static int
x_device(sqlite3_file *f)
{
	return (real(f)->pMethods->xDeviceCharacteristics(real(f)));
}

static int
x_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **p)
{
	return (real(f)->pMethods->xShmMap(real(f), page, size, extend, p));
}

static int
x_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return (real(f)->pMethods->xShmLock(real(f), offset, n, flags));
}

static void
x_shm_barrier(sqlite3_file *f)
{
	real(f)->pMethods->xShmBarrier(real(f));
}

static int
x_shm_unmap(sqlite3_file *f, int remove)
{
	return (real(f)->pMethods->xShmUnmap(real(f), remove));
}

static int
x_fetch(sqlite3_file *f, sqlite3_int64 at, int n, void **p)
{
	return (real(f)->pMethods->xFetch(real(f), at, n, p));
}

static int
x_unfetch(sqlite3_file *f, sqlite3_int64 at, void *p)
{
	if (p == NULL)
		tell(f, SHIM_UNFETCH);
	return (real(f)->pMethods->xUnfetch(real(f), at, p));
}

static const sqlite3_io_methods methods = {
	3, x_close, x_read, x_write, x_truncate, x_sync, x_file_size, x_lock,
	x_unlock, x_check_reserved, x_control, x_sector, x_device, x_shm_map,
	x_shm_lock, x_shm_barrier, x_shm_unmap, x_fetch, x_unfetch,
};

static int
x_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags,
    int *out)
{
	struct shim_file *file = (struct shim_file *)f;
	int rc;

	(void)vfs;
	memset(file, 0, sizeof *file);
	if ((file->real = calloc(1, (size_t)root->szOsFile)) == NULL)
		return (SQLITE_NOMEM);
	file->main_db = (flags & SQLITE_OPEN_MAIN_DB) != 0;
	rc = root->xOpen(root, name, file->real, flags, out);
	if (rc == SQLITE_OK)
		file->base.pMethods = &methods;
	else
		free(file->real);
	return (rc);
}

void
shim_begin(void)
{
	if (root == NULL)
		root = sqlite3_vfs_find(NULL);
	shim = *root;
	shim.zName = "shim";
	shim.szOsFile = sizeof(struct shim_file);
	shim.xOpen = x_open;
	(void)sqlite3_vfs_register(&shim, 1);
}

void
shim_end(void)
{
	hook = NULL;
	(void)sqlite3_vfs_register(root, 1);
}

void
shim_call(shim_fn *fn, void *arg)
{
	hook = fn;
	hook_arg = arg;
}
