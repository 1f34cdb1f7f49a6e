/* SPDX-License-Identifier: ISC */
/* main() of one program: compiled once a program with its PROGRAM_MAIN. */
#include "tools/programs.h"

int
main(int argc, char **argv)
{
	return PROGRAM_MAIN(argc, argv);
}
