#include "daemon/worker.h"

#include <sys/eventfd.h>

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "daemon/log.h"

struct worker {
	pthread_t	 thread;
	pthread_mutex_t	 lock;		/* of the three below */
	pthread_cond_t	 wake;
	void		*job;		/* assigned, not yet done */
	bool		 stop;

	void		*assigned;	/* the loop's view of job */
	int		 fd;		/* an eventfd: the job is done */
	struct event	*event;
	worker_run_fn	*run;
	worker_done_fn	*done;
	void		*arg;
};

static void *
thread_main(void *v)
{
	struct worker *w = v;
	const uint64_t one = 1;
	void *job;

	(void)pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		if ((job = w->job) == NULL) {
			(void)pthread_cond_wait(&w->wake, &w->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&w->lock);
		w->run(job, w->arg);
		(void)pthread_mutex_lock(&w->lock);
		w->job = NULL;
		/* An eventfd that is read after each job takes it all. */
		if (write(w->fd, &one, sizeof one) != sizeof one)
			abort();
	}
	(void)pthread_mutex_unlock(&w->lock);
	return (NULL);
}

static void
on_done(evutil_socket_t fd, short what, void *v)
{
	struct worker *w = v;
	uint64_t count;
	void *job = w->assigned;

	(void)what;
	if (read(fd, &count, sizeof count) != sizeof count)
		return;
	w->assigned = NULL;
	w->done(job, w->arg);
}

/* Signals are the loop's: the thread is born with all of them blocked. */
static int
create_thread(struct worker *w, const char *name)
{
	sigset_t all, before;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&w->thread, NULL, thread_main, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		(void)pthread_setname_np(w->thread, name);
	return (error);
}

struct worker *
worker_start(const char *name, struct event_base *base, worker_run_fn *run,
    worker_done_fn *done, void *arg)
{
	struct worker *w = log_calloc(1, sizeof *w);
	int error;

	w->run = run;
	w->done = done;
	w->arg = arg;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->wake, NULL);
	if ((w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1) {
		error = errno;
		goto err0;
	}
	w->event = event_new(base, w->fd, EV_READ | EV_PERSIST, on_done, w);
	if (w->event == NULL || event_add(w->event, NULL) == -1)
		log_no_memory();
	if ((error = create_thread(w, name)) != 0)
		goto err1;
	return (w);

err1:
	event_free(w->event);
	(void)close(w->fd);
err0:
	free(w);
	errno = error;
	return (NULL);
}

void
worker_stop(struct worker *w)
{
	if (w == NULL)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->stop = true;
	(void)pthread_cond_signal(&w->wake);
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_join(w->thread, NULL);
	event_free(w->event);
	(void)close(w->fd);
	(void)pthread_cond_destroy(&w->wake);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

bool
worker_is_idle(const struct worker *w)
{
	return (w->assigned == NULL);
}

void
worker_assign(struct worker *w, void *job)
{
	assert(w->assigned == NULL);
	w->assigned = job;
	(void)pthread_mutex_lock(&w->lock);
	w->job = job;
	(void)pthread_cond_signal(&w->wake);
	(void)pthread_mutex_unlock(&w->lock);
}
