"""`weir inject`, `uninject`, `netpol` and `advise` as commands: what they write, against another YAML reader and
Kubernetes' own types."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import kubernetes.client
import yaml

WEIR = os.path.abspath(os.environ["WEIR_BINARY"])
MANIFESTS = "test/mesh/manifests"
INPUTS = ["workloads", "list", "native", "untouched"]


def weir(*arguments, text=None):
    return subprocess.run([WEIR, *arguments], input=text, capture_output=True, text=True, timeout=20, check=False)


def objects(text):
    """Every object in a manifest."""
    for document in yaml.safe_load_all(text):
        yield from (document["items"] if document.get("kind") == "List" else [document])


class Schema:
    """Strict checks of an object against the classes that are generated from Kubernetes' OpenAPI description."""

    # Newer than the package: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
    NEWER = {("V1Container", "restartPolicy"): "str"}

    def check(self, value, type_name, path):
        if found := re.fullmatch(r"list\[(.*)\]", type_name):
            assert isinstance(value, list), f"{path}: {value!r} is no list"
            for index, item in enumerate(value):
                self.check(item, found[1], f"{path}[{index}]")
        elif found := re.fullmatch(r"dict\(str, (.*)\)", type_name):
            assert isinstance(value, dict), f"{path}: {value!r} is no map"
            for key, item in value.items():
                assert isinstance(key, str), f"{path}: the key {key!r} is no text"
                self.check(item, found[1], f"{path}.{key}")
        elif type_name in ("str", "int", "bool"):
            wanted = {"str": str, "int": int, "bool": bool}[type_name]
            # pylint: disable=unidiomatic-typecheck
            assert type(value) is wanted, f"{path}: {value!r} is no {type_name}"
        elif type_name == "object":  # a number or a text, such as a port
            assert isinstance(value, (int, str)), f"{path}: {value!r}"
        elif hasattr(kubernetes.client, type_name):
            self.check_object(value, type_name, path)
        else:
            raise AssertionError(f"{path}: no check for {type_name}")

    def check_object(self, value, type_name, path):
        model = getattr(kubernetes.client, type_name)
        assert isinstance(value, dict), f"{path}: {value!r} is no {type_name}"
        attributes = {json: name for name, json in model.attribute_map.items()}
        types = model.openapi_types
        for key, item in value.items():
            newer = self.NEWER.get((type_name, key))
            assert newer or key in attributes, f"{path}: {type_name} has no field {key}"
            if item is not None:
                self.check(item, newer or types[attributes[key]], f"{path}.{key}")
        # Raises if a field that must be there is not.
        model(**{attributes[key]: item for key, item in value.items() if key in attributes})


SCHEMA_TYPES = {("v1", "Pod"): "V1Pod", ("v1", "Service"): "V1Service", ("v1", "Namespace"): "V1Namespace",
                ("v1", "ReplicationController"): "V1ReplicationController", ("apps/v1", "Deployment"): "V1Deployment",
                ("apps/v1", "ReplicaSet"): "V1ReplicaSet", ("apps/v1", "DaemonSet"): "V1DaemonSet",
                ("apps/v1", "StatefulSet"): "V1StatefulSet", ("batch/v1", "Job"): "V1Job",
                ("batch/v1", "CronJob"): "V1CronJob"}


def every_kind():
    """A manifest with one workload of each kind, with all that they must have."""
    pod = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}
    selector = {"matchLabels": {"app": "a"}}
    specs = {"Pod": pod["spec"],
             "ReplicationController": {"selector": {"app": "a"}, "template": pod},
             "Deployment": {"selector": selector, "template": pod},
             "ReplicaSet": {"selector": selector, "template": pod},
             "DaemonSet": {"selector": selector, "template": pod},
             "StatefulSet": {"selector": selector, "serviceName": "a", "template": pod},
             "Job": {"template": pod},
             "CronJob": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": pod}}},
             "Service": {"ports": [{"port": 80}]},
             "Namespace": {}}
    return yaml.safe_dump_all([{"apiVersion": version, "kind": kind, "metadata": {"name": "a"}, "spec": specs[kind]}
                               for version, kind in SCHEMA_TYPES])


def pod_spec(item):
    """Of any workload."""
    spec = item.get("spec", {})
    if item["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec if item["kind"] == "Pod" else spec.get("template", {}).get("spec")


class ManifestsTest(unittest.TestCase):
    def inject(self, *arguments, text=None):
        done = weir("inject", *arguments, text=text)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_what_is_written_has_the_types_of_kubernetes(self):
        for options in ([], ["--native-sidecar"]):
            flags = ["--opaque-ports", "3306", "--skip-inbound-ports", "", *options]
            written = list(objects(self.inject("-", *flags, text=every_kind()).stdout))
            self.assertEqual([(item["apiVersion"], item["kind"]) for item in written], list(SCHEMA_TYPES))
            for item in written:
                Schema().check(item, SCHEMA_TYPES[item["apiVersion"], item["kind"]], item["kind"])

    def test_the_check_of_types_can_fail(self):
        good = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "a"}]}}
        Schema().check(good, "V1Pod", "Pod")
        for bad in ({"contaners": []}, {"containers": [{"name": 1}]}, {"containers": [{"image": "a"}]},
                    {"containers": {"name": "a"}}):
            with self.assertRaises((AssertionError, ValueError), msg=bad):
                Schema().check({**good, "spec": bad}, "V1Pod", "Pod")

    def test_another_reader_sees_the_same_beside_the_sidecar(self):
        for name in INPUTS:
            path = f"{MANIFESTS}/{name}.in.yaml"
            with open(path, encoding="utf-8") as file:
                before = [document for document in yaml.safe_load_all(file) if document is not None]
            injected = self.inject(path).stdout
            after = list(yaml.safe_load_all(weir("uninject", "-", text=injected).stdout))
            for document in before:  # an empty list is gone, which is the same to Kubernetes
                if document.get("kind") == "CronJob":
                    del document["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"]
            self.assertEqual(after, before, name)

    def test_every_workload_gets_both_containers(self):
        for item in objects(self.inject("-", text=every_kind()).stdout):
            spec = pod_spec(item)
            if spec is None:
                continue
            self.assertEqual([one["name"] for one in spec["containers"]], ["a", "weir-proxy"])
            self.assertEqual([one["name"] for one in spec["initContainers"]], ["weir-init"])

    def test_options_reach_the_containers(self):
        done = self.inject("-", "--proxy-image", "r.example:5000/weir:9", "--proxy-uid", "7", "--inbound-port", "1143",
                           "--outbound-port", "1140", "--admin-port", "1191", "--config-map", "c", "--identity-secret",
                           "s", "--skip-inbound-ports", "+22", "--skip-outbound-ports", "-4567", "--default",
                           "linkerd-2.11", text=every_kind())
        spec = next(objects(done.stdout))["spec"]
        proxy, rules = spec["containers"][1], spec["initContainers"][0]
        self.assertEqual({proxy["image"], rules["image"]}, {"r.example:5000/weir:9"})
        self.assertEqual(proxy["securityContext"]["runAsUser"], 7)
        self.assertEqual([port["containerPort"] for port in proxy["ports"]], [1143, 1191])
        self.assertEqual({proxy[probe]["httpGet"]["port"] for probe in ("livenessProbe", "readinessProbe")}, {1191})
        self.assertEqual(rules["args"], ["rules", "--apply", "--inbound-port", "1143", "--outbound-port", "1140",
                                         "--admin-port", "1191", "--proxy-uid", "7", "--skip-inbound-ports",
                                         "22,4567-4568", "--skip-outbound-ports", "4568"])
        self.assertEqual(spec["volumes"][0]["configMap"]["name"], "c")
        self.assertEqual(spec["volumes"][1]["secret"]["secretName"], "s")

    def test_a_folder_is_read_whole_and_in_order(self):
        folder = tempfile.mkdtemp(prefix="weir-real-", dir="/tmp")
        self.addCleanup(shutil.rmtree, folder)
        os.mkdir(f"{folder}/below")
        for name in ("b.yaml", "a.yml", "below/c.json", "ignored.txt"):
            with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                file.write('{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "%s"}}\n' % name)
        names = [item["metadata"]["name"] for item in objects(self.inject(folder).stdout)]
        self.assertEqual(names, ["a.yml", "b.yaml", "below/c.json"])

    def test_a_refusal_writes_nothing_and_fails(self):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
               "spec": {"hostNetwork": True, "containers": [{"name": "a"}]}}
        done = weir("inject", "-", text=every_kind() + "---\n" + yaml.safe_dump(pod))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr,
                         "Error transforming resources:\n  failed to inject pod p: hostNetwork is enabled\n")

    def test_wrong_arguments_are_status_2_and_missing_files_status_1(self):
        for arguments in (["inject"], ["inject", "-", "--proxy-uid", "0"], ["inject", "-", "--inbound-port", "4191"],
                          ["inject", "-", "--default", "linkerd-1"], ["uninject"]):
            self.assertEqual(weir(*arguments, text="").returncode, 2, arguments)
        done = weir("inject", "/nowhere/x.yaml")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "weir: /nowhere/x.yaml: cannot be read: No such file or directory\n")

    def test_a_corrected_policy_has_the_types_of_kubernetes(self):
        policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "n"},
                  "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 5432}]}]}}
        done = weir("netpol", "-", "--inbound-port", "1143", text=yaml.safe_dump(policy))
        self.assertEqual(done.returncode, 0, done.stderr)
        corrected = yaml.safe_load(done.stdout)
        Schema().check(corrected, "V1NetworkPolicy", "NetworkPolicy")
        policy["spec"]["ingress"][0]["ports"].append({"port": 1143, "protocol": "TCP"})
        self.assertEqual(corrected, policy)
        self.assertIn("admits, for clients in the mesh, every port", done.stderr)


class AdviseTest(unittest.TestCase):
    def test_a_protocol_gives_all_its_ports(self):
        done = weir("advise", "--protocol", "galera", "--json")
        self.assertEqual([(one["port"], one["treatment"]) for one in json.loads(done.stdout)],
                         [(3306, "opaque"), (4444, "opaque"), (4567, "skip"), (4568, "skip")])

    def test_options_count(self):
        for options, treatment in ((["--port", "443"], "detect"),
                                   (["--port", "443", "--default", "linkerd-2.10"], "opaque"),
                                   (["--port", "3307", "--protocol", "MySQL", "--off-cluster", "--tls"], "detect")):
            [advice] = json.loads(weir("advise", *options, "--json").stdout)
            self.assertEqual(advice["treatment"], treatment, options)
            self.assertEqual((advice["off_cluster"], advice["tls"]), ("--off-cluster" in options, "--tls" in options))

    def test_the_text_is_the_default(self):
        done = weir("advise", "--port", "31337")
        self.assertEqual(done.returncode, 0)
        self.assertIn("port        31337, no protocol that Weir knows\nconfigure   nothing\n", done.stdout)

    def test_wrong_arguments_are_status_2(self):
        for arguments in ([], ["--port", "0"], ["--port", "70000"], ["--protocol", "x"],
                          ["--port", "1", "--default", "x"]):
            self.assertEqual(weir("advise", *arguments).returncode, 2, arguments)


if __name__ == "__main__":
    unittest.main()
