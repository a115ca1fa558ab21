/* Any bytes as the sensor's configuration: taken, or refused with one line; nothing leaks. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sensor/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct config config;
	char complaint[CONF_COMPLAINT_BYTES] = "";
	config_init(&config);
	int err = config_parse(&config, "fuzz", (const char *)data, size_bytes, complaint);
	ASSERT((err == OK) == (complaint[0] == '\0'));
	ASSERT(strchr(complaint, '\n') == NULL);
	ASSERT(err != OK || config.metrics.addr_bytes == 0 || config.metrics.is_loopback || config.metrics_remote);
	ASSERT(!config.outgoing_classes[FLOW_CLASS_UNKNOWN]);
	config_done(&config);
	return 0;
}
