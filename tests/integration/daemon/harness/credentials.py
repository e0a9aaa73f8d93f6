"""Keys and certificates, made with openssl when first asked for."""

import pathlib
import subprocess
import tempfile

PLACES = "DNS:localhost,IP:127.0.0.1,IP:192.0.2.1"


class Authority:
    """A certificate authority and what it signed; files in `directory`."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.ca = self.directory / "ca.pem"
        self._ca_key = self.directory / "ca-key.pem"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-days", "2", "-subj", "/CN=test authority",
                      "-keyout", self._ca_key, "-out", self.ca)

    def issue(self, name, places=PLACES, days=2):
        """(certificate, key): paths of PEM files for a server or client called `name`. With negative
        `days` it has expired."""
        key, request = self.directory / f"{name}-key.pem", self.directory / f"{name}.csr"
        certificate = self.directory / f"{name}.pem"
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},{places}",
                      "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-days", days, "-in", request, "-CA", self.ca,
                      "-CAkey", self._ca_key, "-CAcreateserial", "-copy_extensions", "copy",
                      "-out", certificate)
        return certificate, key

    def user_keys(self):
        """(private key, public key) of a user of the agent."""
        private, public = self.directory / "user.pem", self.directory / "user-public.pem"
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", private)
        self._openssl("ec", "-in", private, "-pubout", "-out", public)
        return private, public

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def new_authority():
    return Authority(tempfile.mkdtemp(prefix="ca", dir="/mnt"))
