/* The version of the program, as --version, health checks and the Server header tell it. */
#ifndef CADABRA_VERSION_H
#define CADABRA_VERSION_H

#define CADABRA_VERSION "0.1.0"

#endif
