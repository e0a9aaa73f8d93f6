"""Directories that somebody else prepared, and a full file system."""

import os
import subprocess

from harness.case import DaemonTest, main
from harness.api import RpcError

_NOBODY = 65534


class PreparedByAnotherUser(DaemonTest):
    """Whoever is first in a shared place must not decide where secrets go."""

    def setUp(self):
        super().setUp()
        self.host = self.make_host()
        self.trap = self.host.root / "trap"
        self.trap.mkdir()

    def link(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(self.trap)
        os.chown(path, _NOBODY, _NOBODY, follow_symlinks=False)

    def assert_refuses_to_start(self, path, reason):
        daemon = self.make_daemon(self.host).start(wait=False)
        self.assertNotEqual(0, daemon.wait_ended())
        self.assertIn(str(path), daemon.log())
        self.assertIn(reason, daemon.log())
        self.assertEqual([], os.listdir(self.trap))

    def test_runtime_directory_that_is_a_link(self):
        self.link(self.host.runtime_dir)
        self.assert_refuses_to_start(self.host.runtime_dir, "symbolic link")

    def test_instance_directory_that_is_a_link(self):
        self.link(self.host.runtime_dir / "test")
        self.assert_refuses_to_start(self.host.runtime_dir / "test", "symbolic link")

    def test_share_directory_that_is_a_link(self):
        self.link(self.host.runtime_dir / "test/cvms")
        self.assert_refuses_to_start(self.host.runtime_dir / "test/cvms", "symbolic link")

    def test_console_directory_that_is_a_link(self):
        self.link(self.host.console_dir / "test")
        self.assert_refuses_to_start(self.host.console_dir / "test", "symbolic link")

    def test_state_directory_that_is_a_link(self):
        self.link(self.host.state_dir)
        self.assert_refuses_to_start(self.host.state_dir, "symbolic link")

    def test_runtime_directory_of_another_user(self):
        self.host.runtime_dir.mkdir()
        os.chown(self.host.runtime_dir, _NOBODY, _NOBODY)
        self.assert_refuses_to_start(self.host.runtime_dir, f"uid {_NOBODY}")

    def test_share_directory_with_a_loose_mode_is_tightened(self):
        shares = self.host.runtime_dir / "test/cvms"
        shares.mkdir(parents=True)
        shares.chmod(0o777)

        self.start_daemon(self.host)

        self.assertEqual(0o711, shares.stat().st_mode & 0o7777)


class FullFileSystem(DaemonTest):
    def setUp(self):
        super().setUp()
        self.host = self.make_host()
        self.host.runtime_dir.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0711", "tmpfs",
                        self.host.runtime_dir], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.host.runtime_dir], check=True)

    def fill(self):
        filler = self.host.runtime_dir / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        return filler

    def test_refuses_creates_and_leaves_nothing_until_there_is_room(self):
        api = self.start_daemon(self.host).api
        running = api.create()
        filler = self.fill()

        with self.assertRaises(RpcError) as caught:
            api.create()

        self.assertEqual("RESOURCE_EXHAUSTED", caught.exception.code)
        self.assertIn("No space left on device", caught.exception.message)
        self.assertEqual([running.id], self.host.share_dirs())
        self.assertEqual({running.id}, self.host.domain_ids())
        self.assertEqual([f"{running.id}.log"], self.host.console_logs())
        filler.unlink()
        api.remove(api.create().id)
        api.remove(running.id)

    def test_does_not_keep_a_cvm_from_being_removed(self):
        api = self.start_daemon(self.host).api
        cvm = api.create()
        self.fill()

        api.remove(cvm.id)

        self.assertEqual([], self.host.leftovers())


if __name__ == "__main__":
    main()
