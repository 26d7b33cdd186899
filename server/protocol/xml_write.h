/* Writes XML into a strbuf. Names are ours (from models), texts are escaped here. */
#ifndef CADABRA_XML_WRITE_H
#define CADABRA_XML_WRITE_H

#include "server/base/strbuf.h"

/* <?xml version="1.0" encoding="UTF-8"?> and a line end, as AWS begins its documents. */
void xml_declaration(struct strbuf *b);
/* <name> and </name> */
void xml_open(struct strbuf *b, const char *name);
void xml_close(struct strbuf *b, const char *name);
/* A start tag in steps: <name, any number of attributes, >. */
void xml_open_begin(struct strbuf *b, const char *name);
void xml_attribute(struct strbuf *b, const char *name, const char *value);
void xml_open_end(struct strbuf *b);
/* Escaped so that every parser gives the same text back; what is no UTF-8 becomes U+FFFD. */
void xml_text(struct strbuf *b, const char *text, size_t len);
/* <name>text</name> */
void xml_element(struct strbuf *b, const char *name, const char *text);
/* <Message>text</Message>, of an error: what the client sent may be quoted in it, so control
 * characters become U+FFFD, too; else the client's parser would refuse the error. */
void xml_message(struct strbuf *b, const char *text);

#endif
