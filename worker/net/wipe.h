/*
 * OpenSSL's memory is overwritten when it is given back: its record buffers
 * hold what clients send, passwords among it, and it frees them as they are.
 */
#ifndef NET_WIPE_H
#define NET_WIPE_H

/* Before anything else of OpenSSL's is called. 0; -1: too late. */
int wipe_init(void);

#endif
