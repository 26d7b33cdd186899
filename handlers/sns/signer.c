#include "handlers/sns/signer.h"

#include "server/base/encode.h"
#include "server/base/log.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>

/* AWS signs with 2048 bits. */
enum { KEY_BITS = 2048, VALID_DAYS = 3650 };

struct sns_signer {
    struct sns_store *store;
    pthread_mutex_t lock;
    /* Under lock until it is set; then constant. */
    EVP_PKEY *_Atomic key;
    char *certificate;
};

struct sns_signer *sns_signer_new(struct sns_store *store)
{
    struct sns_signer *s = x_calloc(1, sizeof(*s));

    s->store = store;
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void sns_signer_free(struct sns_signer *s)
{
    if (!s)
        return;
    EVP_PKEY_free(s->key);
    free(s->certificate);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static void log_failure(const char *what)
{
    char text[256];

    ERR_error_string_n(ERR_get_error(), text, sizeof(text));
    log_error("sns: %s: %s", what, text);
}

/* --- making --- */

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    X509_NAME *name = cert ? X509_get_subject_name(cert) : NULL;
    bool good = name && X509_set_version(cert, 2) &&
                ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) &&
                X509_gmtime_adj(X509_getm_notBefore(cert), -86400L) &&
                X509_gmtime_adj(X509_getm_notAfter(cert), 86400L * VALID_DAYS) &&
                X509_set_pubkey(cert, key) &&
                X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
                                           (const unsigned char *)"cadabra", -1, -1, 0) &&
                X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                           (const unsigned char *)"sns.amazonaws.com", -1, -1, 0) &&
                X509_set_issuer_name(cert, name) && X509_sign(cert, key, EVP_sha256());

    if (good)
        return cert;
    X509_free(cert);
    return NULL;
}

static const char *bio_text(BIO *bio, struct arena *a)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);

    return len > 0 ? arena_strndup(a, data, (size_t)len) : NULL;
}

static bool to_pem(EVP_PKEY *key, X509 *cert, struct arena *a, struct sns_signing_key *out)
{
    BIO *key_bio = BIO_new(BIO_s_mem()), *cert_bio = BIO_new(BIO_s_mem());
    bool good = key_bio && cert_bio &&
                PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL) &&
                PEM_write_bio_X509(cert_bio, cert);

    if (good) {
        out->private_key = bio_text(key_bio, a);
        out->certificate = bio_text(cert_bio, a);
    }
    BIO_free(key_bio);
    BIO_free(cert_bio);
    return good && out->private_key && out->certificate;
}

static bool make_key(struct arena *a, struct sns_signing_key *out)
{
    EVP_PKEY *key = EVP_RSA_gen(KEY_BITS);
    X509 *cert = key ? make_certificate(key) : NULL;
    bool good = cert && to_pem(key, cert, a, out);

    X509_free(cert);
    EVP_PKEY_free(key);
    if (!good)
        log_failure("no signing key could be made");
    return good;
}

static EVP_PKEY *from_pem(const char *text)
{
    BIO *bio = BIO_new_mem_buf(text, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

    BIO_free(bio);
    if (!key)
        log_failure("the signing key can't be read");
    return key;
}

/* Under lock. */
static bool load(struct sns_signer *s)
{
    struct sns_signing_key stored, made;
    struct arena a;
    enum store_status rc;

    arena_init(&a);
    rc = sns_store_signing_key(s->store, &a, &stored);
    if (rc == STORE_NOT_FOUND && make_key(&a, &made))
        rc = sns_store_signing_key_put(s->store, &made, &a, &stored);
    if (rc == STORE_OK) {
        EVP_PKEY *key = from_pem(stored.private_key);

        if (key)
            s->certificate = x_strdup(stored.certificate);
        s->key = key;
    }
    arena_release(&a);
    return s->key != NULL;
}

static bool ready(struct sns_signer *s)
{
    bool good;

    if (s->key)
        return true;
    pthread_mutex_lock(&s->lock);
    good = s->key || load(s);
    pthread_mutex_unlock(&s->lock);
    return good;
}

const char *sns_signer_certificate(struct sns_signer *s, struct arena *a)
{
    return ready(s) ? arena_strdup(a, s->certificate) : NULL;
}

/* --- signing --- */

const char *sns_sign(struct sns_signer *s, int version, const char *text, size_t len,
                     struct arena *a)
{
    unsigned char signature[KEY_BITS / 8];
    size_t signature_len = sizeof(signature);
    char *encoded = NULL;

    if (!ready(s))
        return NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context &&
        EVP_DigestSignInit(context, NULL, version == 2 ? EVP_sha256() : EVP_sha1(), NULL, s->key) ==
            1 &&
        EVP_DigestSign(context, signature, &signature_len, (const unsigned char *)text, len) == 1) {
        encoded = arena_alloc(a, BASE64_LEN(signature_len) + 1);
        base64_encode(signature, signature_len, encoded);
    } else {
        log_failure("a message can't be signed");
    }
    EVP_MD_CTX_free(context);
    return encoded;
}
