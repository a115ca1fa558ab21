/*
 * QR codes in PNG and JPEG pictures: the picture is decoded to grey by libpng or libjpeg and shown to zbar. What a code
 * holds is a link if it begins like one, and is handed on at once.
 *
 * The pixels of a picture are taken from the mail's budget before it is decoded; a picture that is smaller than any
 * code (21 modules) is left alone. libpng's simplified interface holds the whole picture; libjpeg scales large ones down
 * while it decodes. Both report errors by longjmp, libpng inside of itself, libjpeg into picture_jpeg() here.
 */
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs FILE */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jpeglib.h>
#include <png.h>
#include <zbar.h>

#include "core/limits.h"
#include "mail/payload_walk.h"

#define SIDE_PIXELS_MIN 21 /* the smallest code, one pixel a module */
#define SIDE_PIXELS_MAX 2048 /* JPEG of more is scaled down */

struct picture {
	uint8_t *grey; /* owned, width * height */
	unsigned width_pixels, height_pixels;
};

/** Takes a picture's pixels from the budget. @return whether to decode it */
static bool pixels_charge(struct payload_walk *walk, uint64_t width_pixels, uint64_t height_pixels)
{
	if (width_pixels < SIDE_PIXELS_MIN || height_pixels < SIDE_PIXELS_MIN)
		return false;
	uint64_t pixels = width_pixels * height_pixels;
	if (width_pixels > UINT16_MAX || height_pixels > UINT16_MAX || pixels > walk->budget->pixels) {
		walk->facts->unread |= PAYLOAD_UNREAD_PIXELS;
		return false;
	}
	walk->budget->pixels -= pixels;
	return true;
}

static void picture_png(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes, struct picture *ret_picture)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	if (!png_image_begin_read_from_memory(&image, bytes, length_bytes)) {
		walk->facts->unread |= PAYLOAD_UNREAD_BROKEN;
		return;
	}
	image.format = PNG_FORMAT_GRAY;
	uint8_t *grey = NULL;
	png_color white = {255, 255, 255};
	if (pixels_charge(walk, image.width, image.height) && (grey = malloc(PNG_IMAGE_SIZE(image))) != NULL) {
		if (png_image_finish_read(&image, &white, grey, 0, NULL))
			*ret_picture = (struct picture){.grey = grey, .width_pixels = image.width, .height_pixels = image.height};
		else
			walk->facts->unread |= PAYLOAD_UNREAD_BROKEN;
		if (ret_picture->grey == NULL)
			free(grey);
	}
	png_image_free(&image);
}

struct jpeg_fault {
	struct jpeg_error_mgr manager; /* first: libjpeg hands back this pointer */
	jmp_buf back;
};

static void jpeg_fail(j_common_ptr info)
{
	longjmp(((struct jpeg_fault *)(void *)info->err)->back, 1); /* libjpeg knows no other way: example.txt of its documentation */
}

static void jpeg_stay_silent(j_common_ptr info, int level)
{
	(void)info;
	(void)level;
}

static void picture_jpeg(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes, struct picture *ret_picture)
{
	struct jpeg_fault fault;
	struct jpeg_decompress_struct info = {.err = jpeg_std_error(&fault.manager)};
	uint8_t *volatile grey = NULL;
	fault.manager.error_exit = jpeg_fail;
	fault.manager.emit_message = jpeg_stay_silent;
	if (setjmp(fault.back) != 0) {
		walk->facts->unread |= PAYLOAD_UNREAD_BROKEN;
		jpeg_destroy_decompress(&info);
		free(grey);
		return;
	}
	jpeg_create_decompress(&info);
	jpeg_mem_src(&info, bytes, length_bytes);
	(void)jpeg_read_header(&info, TRUE);
	info.out_color_space = JCS_GRAYSCALE;
	info.scale_denom = 1;
	while (info.scale_denom < 8 && (info.image_width / info.scale_denom > SIDE_PIXELS_MAX || info.image_height / info.scale_denom > SIDE_PIXELS_MAX))
		info.scale_denom *= 2;
	if (pixels_charge(walk, info.image_width, info.image_height)) {
		(void)jpeg_start_decompress(&info);
		grey = malloc((size_t)info.output_width * info.output_height);
		while (grey != NULL && info.output_scanline < info.output_height) {
			JSAMPROW row = grey + (size_t)info.output_scanline * info.output_width;
			(void)jpeg_read_scanlines(&info, &row, 1);
		}
		*ret_picture = (struct picture){.grey = grey, .width_pixels = info.output_width, .height_pixels = info.output_height};
	}
	jpeg_destroy_decompress(&info);
}

static void symbol_take(struct payload_walk *walk, const zbar_symbol_t *symbol)
{
	const char *text = zbar_symbol_get_data(symbol);
	size_t length_bytes = zbar_symbol_get_data_length(symbol);
	*walk->traits |= PAYLOAD_HAS_QR;
	bool has_scheme = length_bytes > 8 && (strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0);
	bool is_bare = length_bytes > 4 && strncasecmp(text, "www.", 4) == 0;
	if (!has_scheme && !is_bare)
		return;
	*walk->traits |= PAYLOAD_QR_LINK;
	payload_link(walk, PAYLOAD_LINK_QR, text, length_bytes);
}

static void codes_read(struct payload_walk *walk, const struct picture *picture)
{
	zbar_image_scanner_t *scanner = zbar_image_scanner_create();
	zbar_image_t *image = zbar_image_create();
	(void)zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
	(void)zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
	zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
	zbar_image_set_size(image, picture->width_pixels, picture->height_pixels);
	zbar_image_set_data(image, picture->grey, (unsigned long)picture->width_pixels * picture->height_pixels, NULL);
	if (zbar_scan_image(scanner, image) > 0) {
		const zbar_symbol_t *symbol = zbar_image_first_symbol(image);
		for (; symbol != NULL; symbol = zbar_symbol_next(symbol))
			symbol_take(walk, symbol);
	}
	zbar_image_destroy(image);
	zbar_image_scanner_destroy(scanner);
}

void payload_picture_look(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes)
{
	struct picture picture = {0};
	if (length_bytes > 0 && bytes[0] == 0x89)
		picture_png(walk, bytes, length_bytes, &picture);
	else
		picture_jpeg(walk, bytes, length_bytes, &picture);
	if (picture.grey != NULL)
		codes_read(walk, &picture);
	free(picture.grey);
}
