/*
 * What a server used: CPU of its accounting group (cgroup 1 cpuacct or cgroup
 * 2 cpu.stat: exact, the dead included), else of its process tree; PSS and
 * peak memory of its processes.
 */
#include "t/bench/bench.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROCESSES 65536

struct process {
	pid_t pid, parent;
	bool ours;
	double cpu;
};

static size_t members(struct process *, size_t);
static size_t members_of_group(struct process *, size_t);
static size_t members_of_tree(struct process *, size_t);
static bool read_stat(pid_t, struct process *);
static double group_cpu(void);
static double total_cpu(void);
static double field(pid_t, const char *file, const char *key);

static struct process table[PROCESSES];

void
meter_begin(struct meter *m)
{
	size_t i, n = members(table, PROCESSES);
	char path[64];
	int fd;

	for (i = 0; i < n; i++) {
		/* "5": the peak counts anew from here. */
		(void)snprintf(path, sizeof(path), "/proc/%ld/clear_refs",
		    (long)table[i].pid);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd != -1) {
			(void)!write(fd, "5", 1);
			(void)close(fd);
		}
	}
	m->peak = 0;
	m->cpu = total_cpu();
}

void
meter_end(struct meter *m)
{
	double hwm, cpu = total_cpu();
	size_t i, n = members(table, PROCESSES);

	m->cpu = cpu < 0 ? -1e-3 : cpu - m->cpu;
	for (i = 0; i < n; i++) {
		hwm = field(table[i].pid, "status", "VmHWM:") / 1024;
		if (hwm > m->peak) {
			m->peak = hwm;
		}
	}
}

double
meter_pss(int *processes)
{
	size_t i, n = members(table, PROCESSES);
	double sum = 0;

	for (i = 0; i < n; i++) {
		sum += field(table[i].pid, "smaps_rollup", "Pss:");
	}
	*processes = (int)n;
	return sum;
}

int
meter_processes(void)
{
	return (int)members(table, PROCESSES);
}

static size_t
members(struct process *p, size_t max)
{
	size_t n = members_of_group(p, max);

	return n > 0 ? n : members_of_tree(p, max);
}

static size_t
members_of_group(struct process *p, size_t max)
{
	char path[512];
	size_t n = 0;
	long pid;
	FILE *f;

	if (options()->group == NULL) {
		return 0;
	}
	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", options()->group);
	f = fopen(path, "re");
	if (f == NULL) {
		return 0;
	}
	while (n < max && fscanf(f, "%ld", &pid) == 1) {
		p[n++].pid = (pid_t)pid;
	}
	(void)fclose(f);
	return n;
}

/* All descendants of the master, itself first. */
static size_t
members_of_tree(struct process *p, size_t max)
{
	size_t i, j, n = 0, found = 0;
	struct dirent *e;
	struct process t;
	bool more = true;
	DIR *d;

	if (options()->master == 0 || (d = opendir("/proc")) == NULL) {
		return 0;
	}
	while (n < max && (e = readdir(d)) != NULL) {
		if (read_stat((pid_t)atol(e->d_name), &p[n])) {
			p[n].ours = p[n].pid == options()->master;
			n++;
		}
	}
	(void)closedir(d);
	while (more) {
		more = false;
		for (i = 0; i < n; i++) {
			for (j = 0; !p[i].ours && j < n; j++) {
				p[i].ours =
				    p[j].ours && p[j].pid == p[i].parent;
				more = more || p[i].ours;
			}
		}
	}
	for (i = 0; i < n; i++) {
		if (p[i].ours) {
			t = p[i];
			p[i] = p[found];
			p[found++] = t;
		}
	}
	return found;
}

static bool
read_stat(pid_t pid, struct process *p)
{
	unsigned long own, sys, kids, kidsys;
	char path[64], text[1024], *s;
	size_t n;
	int parent;
	FILE *f;

	if (pid <= 0) {
		return false;
	}
	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	f = fopen(path, "re");
	if (f == NULL) {
		return false;
	}
	n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	s = strrchr(text, ')'); /* a name may hold blanks */
	if (s == NULL ||
	    sscanf(s + 1,
		" %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu",
		&parent, &own, &sys, &kids, &kidsys) != 5) {
		return false;
	}
	p->pid = pid;
	p->parent = parent;
	p->cpu =
	    (double)(own + sys + kids + kidsys) / (double)sysconf(_SC_CLK_TCK);
	return true;
}

static double
group_cpu(void)
{
	char path[512];
	double usage = -1;
	FILE *f;

	if (options()->group == NULL) {
		return -1;
	}
	(void)snprintf(
	    path, sizeof(path), "%s/cpuacct.usage", options()->group);
	if ((f = fopen(path, "re")) != NULL) {
		usage = fscanf(f, "%lf", &usage) == 1 ? usage * 1e-9 : -1;
		(void)fclose(f);
		return usage;
	}
	(void)snprintf(path, sizeof(path), "%s/cpu.stat", options()->group);
	if ((f = fopen(path, "re")) != NULL) {
		usage = fscanf(f, "usage_usec %lf", &usage) == 1 ? usage * 1e-6
								 : -1;
		(void)fclose(f);
	}
	return usage;
}

/* Seconds so far; -1: nobody to ask. */
static double
total_cpu(void)
{
	double sum = group_cpu();
	size_t i, n;

	if (sum >= 0) {
		return sum;
	}
	n = members_of_tree(table, PROCESSES);
	for (i = 0, sum = n > 0 ? 0 : -1; i < n; i++) {
		sum += table[i].cpu;
	}
	return sum;
}

/* The number after key in /proc/PID/FILE; 0 when it is not there. */
static double
field(pid_t pid, const char *file, const char *key)
{
	char path[64], line[256];
	double value = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, file);
	f = fopen(path, "re");
	if (f == NULL) {
		return 0;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, key, strlen(key)) == 0) {
			value = atof(line + strlen(key));
			break;
		}
	}
	(void)fclose(f);
	return value;
}
