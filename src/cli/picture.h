/*
 * What a running sensor says is happening now, as a picture for people: rates,
 * inputs and their losses, the busiest destinations, open findings. The
 * document comes from another process: what is not as expected is shown as 0
 * or left out, and texts are made plain.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/**
 * Draws the picture.
 *
 * @param out where to
 * @param status the sensor's answer, an object
 * @param width as for table.h
 * @param is_coloured as for table.h
 */
void picture_show(FILE *out, const json_t *status, unsigned width, bool is_coloured);
