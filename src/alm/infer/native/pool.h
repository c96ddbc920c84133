/* Share a loop's items with other threads. What an item gives must not depend on who computes it.
 *
 * The caller takes pieces from the front and the others from the back, so that each mostly meets
 * the same weights again, in its own cache. Pieces are taken one by one: a thread that the system
 * has put aside holds up nobody, unless it holds a piece.
 *
 * Whoever waits spins shortly, since the next loop comes within microseconds, and then sleeps.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#define SPINS 2000      /* some 50 microseconds */
#define SHARES 4        /* pieces of a loop per thread: more balance better and cost more */
#define MAX_THREADS 64

#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define PAUSE() __asm__ volatile("yield")
#else
#define PAUSE() ((void)0)
#endif

typedef void work(void *context, int first, int last, int thread);

typedef struct {
    /* Number of the loop (upper 32 bits) and its pieces not yet taken, [front, back) in 16 bits
     * each: together, so that none can be taken of a loop that is over. */
    _Atomic uint64_t open;
    _Atomic int unfinished;
    _Atomic int sleepers;
    _Atomic bool caller_sleeps;
    _Atomic bool closing;
    work *do_work;
    void *context;
    int n_items, n_pieces;
    int n_threads;
    pid_t owner; /* the process that has the threads */
    pthread_mutex_t mutex;
    pthread_cond_t opened, finished;
    pthread_t threads[MAX_THREADS];
} pool;

typedef struct {
    pool *pool;
    int number;
} member;

/* ---- Taking a piece -------------------------------------------------------------------------- */

static void do_piece(pool *p, int piece, int thread) {
    const int first = (int)((int64_t)p->n_items * piece / p->n_pieces);
    const int last = (int)((int64_t)p->n_items * (piece + 1) / p->n_pieces);
    p->do_work(p->context, first, last, thread);
    if (atomic_fetch_sub(&p->unfinished, 1) == 1 && atomic_load(&p->caller_sleeps)) {
        pthread_mutex_lock(&p->mutex);
        pthread_cond_signal(&p->finished);
        pthread_mutex_unlock(&p->mutex);
    }
}

/* Do a piece from the front or the back of the loop; return false where none is left. */
static bool take_piece(pool *p, bool from_front, int thread) {
    uint64_t open = atomic_load(&p->open);
    for (;;) {
        const int front = open >> 16 & 0xffff, back = open & 0xffff;
        if (front == back) return false;
        const uint64_t rest = from_front ? open + (1u << 16) : open - 1;
        if (atomic_compare_exchange_weak(&p->open, &open, rest)) {
            do_piece(p, from_front ? front : back - 1, thread);
            return true;
        }
    }
}

static bool is_open(pool *p) {
    const uint64_t open = atomic_load(&p->open);
    return (open >> 16 & 0xffff) != (open & 0xffff) || atomic_load(&p->closing);
}

/* ---- The others ------------------------------------------------------------------------------ */

/* Once woken, spin again: the loop that woke us may be over, but others follow it. */
static void sleep_until_open(pool *p) {
    pthread_mutex_lock(&p->mutex);
    atomic_fetch_add(&p->sleepers, 1); /* before the last look: a loop that opens now sees us */
    if (!is_open(p)) pthread_cond_wait(&p->opened, &p->mutex);
    atomic_fetch_sub(&p->sleepers, 1);
    pthread_mutex_unlock(&p->mutex);
}

static void *serve(void *argument) {
    member self = *(member *)argument;
    free(argument);
    int spins = 0;
    while (!atomic_load(&self.pool->closing)) {
        if (take_piece(self.pool, false, self.number)) {
            spins = 0;
        } else if (++spins < SPINS) {
            PAUSE();
        } else {
            sleep_until_open(self.pool);
            spins = 0;
        }
    }
    return NULL;
}

/* ---- The caller ------------------------------------------------------------------------------ */

static void wake_sleepers(pool *p) {
    if (!atomic_load(&p->sleepers)) return;
    pthread_mutex_lock(&p->mutex);
    pthread_cond_broadcast(&p->opened);
    pthread_mutex_unlock(&p->mutex);
}

static void wait_until_finished(pool *p) {
    for (int spins = 0; spins < SPINS; spins++) {
        if (!atomic_load(&p->unfinished)) return;
        PAUSE();
    }
    pthread_mutex_lock(&p->mutex);
    atomic_store(&p->caller_sleeps, true);
    while (atomic_load(&p->unfinished)) pthread_cond_wait(&p->finished, &p->mutex);
    atomic_store(&p->caller_sleeps, false);
    pthread_mutex_unlock(&p->mutex);
}

/* Do items [0, n) of a loop, in pieces, on all threads; return when all are done. */
static void share(pool *p, work *do_work, void *context, int n_items) {
    const int most = SHARES * p->n_threads;
    if (p->n_threads == 1 || n_items < 2) {
        do_work(context, 0, n_items, 0);
        return;
    }
    p->do_work = do_work;
    p->context = context;
    p->n_items = n_items;
    p->n_pieces = n_items < most ? n_items : most;
    atomic_store(&p->unfinished, p->n_pieces);
    const uint64_t number = (atomic_load(&p->open) >> 32) + 1;
    atomic_store(&p->open, number << 32 | (uint64_t)p->n_pieces);
    wake_sleepers(p);
    while (take_piece(p, true, 0)) {
    }
    wait_until_finished(p);
}

static bool add_thread(pool *p) {
    member *self = malloc(sizeof *self);
    if (!self) return false;
    *self = (member){p, p->n_threads};
    if (pthread_create(&p->threads[p->n_threads], NULL, serve, self)) {
        free(self);
        return false;
    }
    p->n_threads++;
    return true;
}

static void open_pool(pool *p, int n_threads) {
    p->owner = getpid();
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->opened, NULL);
    pthread_cond_init(&p->finished, NULL);
    p->n_threads = 1;
    while (p->n_threads < n_threads && p->n_threads < MAX_THREADS && add_thread(p)) {
    }
}

/* A forked child has none of the threads, and would wait for them for ever. */
static void close_pool(pool *p) {
    if (p->owner != getpid()) return;
    pthread_mutex_lock(&p->mutex);
    atomic_store(&p->closing, true);
    pthread_cond_broadcast(&p->opened);
    pthread_mutex_unlock(&p->mutex);
    for (int i = 1; i < p->n_threads; i++) pthread_join(p->threads[i], NULL);
    pthread_mutex_destroy(&p->mutex);
    pthread_cond_destroy(&p->opened);
    pthread_cond_destroy(&p->finished);
}
