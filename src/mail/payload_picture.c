/*
 * QR codes in PNG and JPEG pictures: the picture is decoded to grey by libpng or libjpeg-turbo and shown to zbar. What a code
 * holds is a link if it begins like one, and is handed on at once.
 *
 * The pixels of a picture are taken from the mail's budget before it is decoded; a picture that is smaller than any
 * code (21 modules) is left alone. JPEG is read by TurboJPEG, which scales large ones down while it decodes.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <png.h>
#include <turbojpeg.h>
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

/** A side at one of TurboJPEG's scales. */
static unsigned scaled(int pixels, int divisor)
{
	tjscalingfactor scale = {1, divisor};
	return (unsigned)TJSCALED(pixels, scale);
}

static void picture_jpeg(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes, struct picture *ret_picture)
{
	int width = 0, height = 0, subsampling = 0, colours = 0, divisor = 1;
	uint8_t *grey = NULL;
	tjhandle reader = tjInitDecompress();
	bool is_sound = reader != NULL &&
		tjDecompressHeader3(reader, bytes, length_bytes, &width, &height, &subsampling, &colours) == 0 && width > 0 && height > 0;
	while (is_sound && divisor < 8 && (width / divisor > SIDE_PIXELS_MAX || height / divisor > SIDE_PIXELS_MAX))
		divisor *= 2;
	struct picture picture = {.width_pixels = scaled(width, divisor), .height_pixels = scaled(height, divisor)};
	if (is_sound && pixels_charge(walk, (uint64_t)width, (uint64_t)height))
		grey = malloc((size_t)picture.width_pixels * picture.height_pixels);
	/* Warnings (a picture that ends early) are -1 too; what was decoded until then is still there to be looked at. */
	if (grey != NULL && tjDecompress2(reader, bytes, length_bytes, grey, (int)picture.width_pixels, 0, (int)picture.height_pixels,
		TJPF_GRAY, 0) != 0)
		is_sound = tjGetErrorCode(reader) == TJERR_WARNING;
	if (!is_sound) {
		walk->facts->unread |= PAYLOAD_UNREAD_BROKEN;
		free(grey);
		grey = NULL;
	}
	picture.grey = grey;
	*ret_picture = picture;
	if (reader != NULL)
		(void)tjDestroy(reader);
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
