/*
 * The sandbox. Landlock's constants are our own, since Debian 12's kernel
 * headers (6.1) end at ABI 2 while running kernels offer more; each right is
 * asked for only where the kernel's ABI knows it (landlock(7), "Compatibility").
 */
#include "core/sandbox.h"

#include "core/sanitizer.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock, include/uapi/linux/landlock.h of Linux 6.12. */
#define LANDLOCK_CREATE_VERSION 1u
#define LANDLOCK_PATH_BENEATH 1
#define LANDLOCK_FS_WRITE_FILE (UINT64_C(1) << 1)
#define LANDLOCK_FS_READ_FILE (UINT64_C(1) << 2)
#define LANDLOCK_FS_READ_DIR (UINT64_C(1) << 3)
#define LANDLOCK_FS_REMOVE_DIR (UINT64_C(1) << 4)
#define LANDLOCK_FS_REMOVE_FILE (UINT64_C(1) << 5)
#define LANDLOCK_FS_MAKE_DIR (UINT64_C(1) << 7)
#define LANDLOCK_FS_MAKE_REG (UINT64_C(1) << 8)
#define LANDLOCK_FS_ABI1 ((UINT64_C(1) << 13) - 1)
#define LANDLOCK_FS_REFER (UINT64_C(1) << 13) /* ABI 2 */
#define LANDLOCK_FS_TRUNCATE (UINT64_C(1) << 14) /* ABI 3 */
#define LANDLOCK_FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define LANDLOCK_NET_ALL UINT64_C(3) /* ABI 4: TCP bind and connect */
#define LANDLOCK_SCOPE_ALL UINT64_C(3) /* ABI 6: abstract sockets and signals */

struct ruleset_attr {
	uint64_t handled_fs;
	uint64_t handled_net; /* from ABI 4 */
	uint64_t scoped; /* from ABI 6 */
};

struct path_beneath_attr {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

static int capabilities_drop(uint64_t kept)
{
	for (int cap = 0; cap <= 63; cap++) {
		if ((kept >> cap & 1) == 0 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EINVAL && errno != EPERM)
			return E_SYS;
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
		return E_SYS;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	if (kept != 0) {
		if (syscall(SYS_capget, &header, data) != 0)
			return E_SYS;
		for (int i = 0; i < 2; i++) {
			data[i].permitted &= (uint32_t)(kept >> (32 * i));
			data[i].effective &= (uint32_t)(kept >> (32 * i));
			data[i].inheritable = 0;
		}
	}
	return syscall(SYS_capset, &header, data) == 0 ? OK : E_SYS;
}

int sandbox_drop(const char *user, uint64_t kept_capabilities)
{
	/* The kernel forgets whose end is to be ours when the account changes: prctl(2), PR_SET_PDEATHSIG. */
	int death_signal = 0;
	pid_t parent = getppid();
	if (prctl(PR_GET_PDEATHSIG, &death_signal) != 0)
		return E_SYS;
	if (user != NULL && geteuid() == 0) {
		errno = 0;
		const struct passwd *account = getpwnam(user);
		if (account == NULL)
			return errno == 0 || errno == ENOENT ? E_STATE : E_SYS;
		if (setgroups(0, NULL) != 0 || setresgid(account->pw_gid, account->pw_gid, account->pw_gid) != 0 ||
		    setresuid(account->pw_uid, account->pw_uid, account->pw_uid) != 0)
			return E_SYS;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return E_SYS;
	int err = capabilities_drop(kept_capabilities);
	if (err == OK && death_signal != 0) {
		if (prctl(PR_SET_PDEATHSIG, death_signal) != 0)
			return E_SYS;
		if (getppid() != parent)
			(void)raise(death_signal); /* it ended meanwhile */
	}
	return err;
}

/** The rights of a path that the kernel would accept: a file takes only those that make sense on files. */
static uint64_t path_rights(enum sandbox_access access, bool is_directory, uint64_t handled)
{
	uint64_t rights = LANDLOCK_FS_READ_FILE;
	if (is_directory)
		rights |= LANDLOCK_FS_READ_DIR;
	if (access == SANDBOX_WRITE) {
		rights |= LANDLOCK_FS_WRITE_FILE | LANDLOCK_FS_TRUNCATE;
		if (is_directory)
			rights |= LANDLOCK_FS_REMOVE_FILE | LANDLOCK_FS_MAKE_REG | LANDLOCK_FS_REMOVE_DIR | LANDLOCK_FS_MAKE_DIR;
	}
	return rights & handled;
}

static int path_allow(int ruleset_fd, const struct sandbox_path *path, uint64_t handled, struct sandbox_report *report)
{
	int fd = open(path->path, O_PATH | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) != 0) {
		report->paths_missing++;
		return OK;
	}
	struct path_beneath_attr rule = {
		.allowed = path_rights(path->access, S_ISDIR(st.st_mode), handled),
		.parent_fd = fd,
	};
	long failed = syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_PATH_BENEATH, &rule, 0);
	int saved_errno = errno;
	close(fd);
	errno = saved_errno;
	if (failed != 0 && saved_errno == EBADFD)
		return OK; /* a pipe or socket, which Landlock does not limit and so takes no rule for */
	return failed == 0 ? OK : E_SYS;
}

static int paths_limit(const struct sandbox_config *config, struct sandbox_report *report)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_VERSION);
	if (abi < 1)
		return OK; /* no Landlock here: report.landlock_abi stays 0 */
	struct ruleset_attr attr = {.handled_fs = LANDLOCK_FS_ABI1};
	attr.handled_fs |= abi >= 2 ? LANDLOCK_FS_REFER : 0;
	attr.handled_fs |= abi >= 3 ? LANDLOCK_FS_TRUNCATE : 0;
	attr.handled_fs |= abi >= 5 ? LANDLOCK_FS_IOCTL_DEV : 0;
	attr.handled_net = abi >= 4 ? LANDLOCK_NET_ALL : 0;
	attr.scoped = abi >= 6 ? LANDLOCK_SCOPE_ALL : 0;
	size_t attr_bytes = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, attr_bytes, 0);
	if (fd < 0)
		return E_SYS;
	int err = OK;
	for (size_t i = 0; i < config->path_count && err == OK; i++)
		err = path_allow(fd, &config->paths[i], attr.handled_fs, report);
	if (err == OK && HAS_SANITIZER) /* the leak checker looks at its own threads when the process ends */
		err = path_allow(fd, &(struct sandbox_path){"/proc", SANDBOX_READ}, attr.handled_fs, report);
	if (err == OK && syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		err = E_SYS;
	int saved_errno = errno;
	close(fd);
	errno = saved_errno;
	report->landlock_abi = (int)abi;
	return err;
}

/* Memory, time, reading and writing what is open, and an orderly end. */
static const int reader_calls[] = {
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(lseek), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(fcntl), SCMP_SYS(fadvise64),
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom), SCMP_SYS(getrusage),
	SCMP_SYS(sysinfo), /* qsort() of more than a page */
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(tgkill),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
	SCMP_SYS(sched_yield), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/*
 * Beside those: sockets and timers that are open, and files within Landlock's paths. bind() is for a packet socket
 * whose interface was removed and is back; no socket can be made that it could give an address to.
 */
static const int server_calls[] = {
	SCMP_SYS(openat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
	SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate), SCMP_SYS(mkdirat), SCMP_SYS(pwrite64), SCMP_SYS(pwritev),
	SCMP_SYS(getdents64),
	SCMP_SYS(munlock), /* keys are wiped and let go when the process ends */
	SCMP_SYS(recvmmsg), SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
	SCMP_SYS(accept4), SCMP_SYS(accept), SCMP_SYS(bind), SCMP_SYS(getsockopt), SCMP_SYS(getsockname), SCMP_SYS(shutdown),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(timerfd_settime),
	SCMP_SYS(syncfs), /* a ledger settles */
};

/* Threads of this process: their stacks, names, pipes and wake-ups. New processes are not among them. */
static const int thread_calls[] = {
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(eventfd2), SCMP_SYS(epoll_create1), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sendfile), SCMP_SYS(prlimit64), SCMP_SYS(pipe2), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(getpeername), SCMP_SYS(kill),
};

/* SQLite's files: who owns them, which there are, locks, and room. */
static const int database_calls[] = {
	SCMP_SYS(umask), SCMP_SYS(geteuid), SCMP_SYS(fchown), SCMP_SYS(fchmod), SCMP_SYS(access), SCMP_SYS(faccessat2),
	SCMP_SYS(mkdir), SCMP_SYS(rmdir), SCMP_SYS(flock), SCMP_SYS(fallocate), SCMP_SYS(getcwd),
	SCMP_SYS(readlink), SCMP_SYS(utimensat),
};

static int calls_allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) != 0)
			return E_SYS;
	}
	return OK;
}

/** What follows network interfaces, and a BPF program that was loaded before: all through open descriptors. */
static int interface_rules(scmp_filter_ctx filter, enum sandbox_kind kind)
{
	static const int enforcer_commands[] = {BPF_MAP_CREATE, BPF_MAP_DELETE_ELEM, BPF_OBJ_PIN, BPF_PROG_TEST_RUN};
	static const int bpf_commands[] = {
		BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_GET_NEXT_KEY, BPF_OBJ_GET_INFO_BY_FD, BPF_LINK_CREATE};
	static const unsigned interface_questions[] = {SIOCGIFINDEX, SIOCGIFFLAGS, SIOCGIFHWADDR};
	int failed = 0;
	for (size_t i = 0; i < ARRAY_LEN(bpf_commands); i++)
		failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bpf), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)bpf_commands[i]));
	for (size_t i = 0; i < ARRAY_LEN(enforcer_commands) && kind == SANDBOX_ENFORCER; i++)
		failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bpf), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)enforcer_commands[i]));
	for (size_t i = 0; i < ARRAY_LEN(interface_questions); i++)
		failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, interface_questions[i]));
	failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2, SCMP_A1(SCMP_CMP_EQ, SOL_PACKET),
		SCMP_A2(SCMP_CMP_EQ, PACKET_ADD_MEMBERSHIP));
	return failed;
}

/** Rules that look at arguments: no executable memory, no terminal control, no writing opens for readers. */
static int argument_rules(scmp_filter_ctx filter, const struct sandbox_config *config)
{
	enum sandbox_kind kind = config->kind;
	int failed = 0;
	const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_exec);
	failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_exec);
	failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, TCGETS));
	if (kind == SANDBOX_READER) {
		const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
		failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
	}
	if (kind == SANDBOX_SERVER || kind == SANDBOX_ENFORCER)
		failed |= interface_rules(filter, kind);
	if (kind == SANDBOX_SERVER && config->has_threads)
		failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 1, SCMP_A1(SCMP_CMP_EQ, SOL_SOCKET));
	if (kind == SANDBOX_SERVER && config->connects) {
		failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
		failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(connect), 0);
	}
	return failed == 0 ? OK : E_SYS;
}

/**
 * Threads may be made by clone() with the flags of one. What clone3() is asked for lies in memory, where a filter cannot look:
 * it fails as if the kernel did not have it, and the C library takes clone().
 */
static int thread_rules(scmp_filter_ctx filter)
{
	int failed = 0;
	failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM));
	failed |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 1, SCMP_A1(SCMP_CMP_EQ, IPPROTO_TCP));
	return failed == 0 ? calls_allow(filter, thread_calls, ARRAY_LEN(thread_calls)) : E_SYS;
}

static int calls_limit(const struct sandbox_config *config)
{
	uint32_t action = config->verdict == SANDBOX_ERRNO ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
	scmp_filter_ctx filter = seccomp_init(action);
	if (filter == NULL)
		return E_NOMEM;
	int err = OK;
	if (config->kind == SANDBOX_NONE) {
		static const int end_calls[] = {SCMP_SYS(exit), SCMP_SYS(exit_group)};
		err = calls_allow(filter, end_calls, ARRAY_LEN(end_calls));
	} else {
		err = calls_allow(filter, reader_calls, ARRAY_LEN(reader_calls));
		if (err == OK)
			err = argument_rules(filter, config);
	}
	if (err == OK && (config->kind == SANDBOX_SERVER || config->kind == SANDBOX_ENFORCER))
		err = calls_allow(filter, server_calls, ARRAY_LEN(server_calls));
	if (err == OK && config->kind == SANDBOX_SERVER && config->has_threads)
		err = thread_rules(filter);
	if (err == OK && config->kind == SANDBOX_SERVER && config->has_database)
		err = calls_allow(filter, database_calls, ARRAY_LEN(database_calls));
	int load_error = err == OK ? seccomp_load(filter) : 0;
	seccomp_release(filter);
	if (load_error != 0) {
		errno = -load_error;
		err = E_SYS;
	}
	return err;
}

int sandbox_enter(const struct sandbox_config *config, struct sandbox_report *ret_report)
{
	struct sandbox_report report = {0};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return E_SYS;
	int err = paths_limit(config, &report);
	if (err == OK && !HAS_SANITIZER) {
		err = calls_limit(config);
		report.has_seccomp = err == OK;
	}
	if (err == OK)
		*ret_report = report;
	return err;
}
