#include "maildir/fault.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>

static struct {
	sigjmp_buf jump;
	volatile sig_atomic_t on;
	bool set;
	struct sigaction segv, bus; /* who was there before */
} guard;

static void set_handlers(void);
static void on_fault(int, siginfo_t *, void *);

bool
fault_guard(void (*fn)(void *), void *arg)
{
	volatile bool whole = false;

	if (!guard.set)
		set_handlers();
	if (sigsetjmp(guard.jump, 0) == 0) {
		guard.on = 1;
		fn(arg);
		whole = true;
	}
	guard.on = 0;
	return whole;
}

_Noreturn void
fault_leave(void)
{
	siglongjmp(guard.jump, 1);
}

/* SA_NODEFER: the jump out of the handler leaves nothing blocked. */
static void
set_handlers(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_fault;
	sa.sa_flags = SA_SIGINFO | SA_NODEFER;
	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGSEGV, &sa, &guard.segv);
	(void)sigaction(SIGBUS, &sa, &guard.bus);
	guard.set = true;
}

static void
on_fault(int sig, siginfo_t *info, void *context)
{
	const struct sigaction *was = sig == SIGBUS ? &guard.bus : &guard.segv;

	if (guard.on)
		fault_leave();
	if ((was->sa_flags & SA_SIGINFO) != 0) {
		was->sa_sigaction(sig, info, context);
		return;
	}
	(void)sigaction(sig, was, NULL);
	(void)raise(sig);
}
