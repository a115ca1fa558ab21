/* Fuzz target: any bytes as Authentication-Results; no header but ours tells anything, and nothing is told that is not ended. */
#include <stdint.h>
#include <string.h>

#include "core/cursor.h"
#include "mail/authres.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct authres authres = {0};
	const struct authres_trust trust = {.authserv_id = "mx.example.jp", .headers = 2}, nobody = {0};
	for (unsigned i = 0; i < 4; i++) {
		enum authres_origin origin = authres_take(&authres, &trust, (const char *)data, size_bytes);
		ASSERT(i < 2 || origin != AUTHRES_OWN);
	}
	ASSERT(authres.own <= 2 && authres.dkim_count <= AUTHRES_SIGNATURES_MAX);
	ASSERT(authres.own > 0 || (authres.spf.result == AUTHRES_ABSENT && authres.dkim_count == 0));
	for (uint32_t i = 0; i < authres.dkim_count; i++)
		ASSERT(memchr(authres.dkim[i].domain, '\0', AUTHRES_DOMAIN_BYTES) != NULL);
	(void)authres_vouches(&authres, "example.jp");
	struct authres none = {0};
	ASSERT(authres_take(&none, &nobody, (const char *)data, size_bytes) != AUTHRES_OWN && none.spf.result == AUTHRES_ABSENT);
	return 0;
}
