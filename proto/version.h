/*
 * What the programs call themselves, and the protocol they speak.
 */
#ifndef PROTO_VERSION_H
#define PROTO_VERSION_H

#define EXECLOG_VERSION		"0.1.0"
#define PROTO_VERSION		1

#endif
